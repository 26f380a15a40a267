import { openMachines, type Ran } from '@nightshift/ssh';
import type { SshAccess, Target } from '@nightshift/types';
import type { Env } from '../provider.ts';

export type HostTarget = Extract<Target, { kind: 'host' }>;

/** Runs programs on one machine. `printed` throws where one did not end well; `asRoot` puts one behind sudo, where the catalogue says so. */
export type There = {
  name: string;
  run(argv: readonly string[]): Promise<Ran>;
  printed(argv: readonly string[]): Promise<string>;
  asRoot(argv: readonly string[]): Promise<Ran>;
};

/** One connection for one piece of work, closed with it. `limitMs`: after so long that machine itself ends what runs. */
export async function onMachine<T>(
  ssh: SshAccess,
  { env, signal, limitMs }: { env: Env; signal: AbortSignal; limitMs: number },
  work: (there: There) => Promise<T>,
): Promise<T> {
  const machines = openMachines();
  const run = (argv: readonly string[]) => machines.run(ssh, argv, { env, signal, limitMs });
  try {
    return await work({
      name: ssh.host,
      run,
      async printed(argv) {
        const ran = await run(argv);
        if (ran.exitCode !== 0) throw new Error(`${argv[0]} on ${ssh.host} ${inWords(ran)}`);
        return ran.stdout;
      },
      asRoot: (argv) => run(ssh.sudo ? ['sudo', '-n', '--', ...argv] : argv),
    });
  } finally {
    machines.close();
  }
}

/** It was killed, by its limit or by somebody: what it had begun may go on. */
export const wasKilled = ({ exitCode }: Ran): boolean => exitCode === null || exitCode === 137;

/** How a program ended, with what it said about it. */
export function inWords({ exitCode, stderr, stdout }: Ran): string {
  const said = (stderr || stdout).trim().slice(0, 1_000);
  return `ended with ${exitCode ?? 'a signal'}${said && `: ${said}`}`;
}
