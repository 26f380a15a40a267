import { spawn } from 'node:child_process';
import { collect, type Ran } from '@nightshift/ssh';
import type { SshAccess } from '@nightshift/types';
import type { CheckContext, Subject } from './check.ts';

/** How long a program may live on another machine, should that machine not hear from us that its time is over. */
const thereMs = 10_000;

type Context = CheckContext<Subject>;

/**
 * Runs one program with fixed arguments, here or on the machine of `ssh`: no environment of ours, no input. Only programs that were
 * allowed where diagnostics runs, by their absolute path: a catalogue alone cannot make anybody run anything. Killed on abort.
 */
export async function runAllowed(context: Context, argv: readonly string[], ssh?: SshAccess): Promise<Ran> {
  const [program = ''] = argv;
  const [allowed, variable] = ssh
    ? [context.commandsThere, 'DIAGNOSTIC_SSH_COMMANDS']
    : [context.commands, 'DIAGNOSTIC_COMMANDS'];
  if (!allowed.has(program))
    throw new Error(`${program} is not allowed here: add it to ${variable} where diagnostics runs`);
  return ssh ? runThere(context, ssh, argv) : runHere(argv, context.signal);
}

/** Runs one of our own fixed commands on another machine. */
export const runThere = ({ machines, env, signal }: Context, ssh: SshAccess, argv: readonly string[]): Promise<Ran> =>
  machines.run(ssh, argv, { env, signal, limitMs: thereMs });

/** What a program printed; throws where it did not end well. */
export function printed({ exitCode, stdout, stderr, truncated }: Ran, program: string): string {
  if (truncated) throw new Error(`${program} printed more than a mebibyte: let it print the last lines only`);
  if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode ?? 'a signal'}: ${stderr.slice(0, 500)}`);
  return stdout;
}

function runHere([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<Ran> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a process group of its own, so that its children end with it
    });
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended already.
      }
    };
    const stdout = collect(child.stdout, kill);
    const stderr = collect(child.stderr, kill);
    const abort = () => {
      kill();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      signal.removeEventListener('abort', abort);
      const truncated = stdout.truncated || stderr.truncated;
      resolve({ exitCode: truncated ? null : exitCode, stdout: stdout.text(), stderr: stderr.text(), truncated });
    });
  });
}
