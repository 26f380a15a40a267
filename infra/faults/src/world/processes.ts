import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@nightshift/types';

const root = resolve(fileURLToPath(new URL('../../../..', import.meta.url)));

/** The built program of a service. */
export const programOf = (service: ServiceName): string => join(root, 'services', service, 'dist/main.js');

export type Kept = {
  name: string;
  service: ServiceName;
  /** It listens, and is not stopped: worth killing. */
  up(): boolean;
  /** kill -9. It is started again at once, as an orchestrator would. False: it was not running. */
  kill(): boolean;
  /** SIGSTOP for so long. */
  freeze(ms: number): boolean;
  frozen(): boolean;
};

export type KeptOptions = {
  name: string;
  service: ServiceName;
  program: string;
  env: Record<string, string>;
  logDir: string;
  /** It ended by itself, which no service does. */
  onDeath: (what: string) => void;
};

/** Keeps a service running as a process of its own until it is told to end. */
export function keepRunning(options: KeptOptions): Kept & { end(): Promise<void> } {
  const { name, service, program, env } = options;
  if (!existsSync(program)) throw new Error(`${program} is missing: run \`npm run build\` first`);
  const log = createWriteStream(join(options.logDir, `${name}.log`), { flags: 'a' });
  let child: ChildProcess;
  let listening = false;
  let ours = false;
  let ended = false;
  let thaw: NodeJS.Timeout | null = null;

  const start = () => {
    [listening, ours] = [false, false];
    child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout!.on('data', (chunk: Buffer) => {
      listening ||= chunk.includes('"msg":"listening"');
      log.write(chunk);
    });
    child.stderr!.on('data', (chunk: Buffer) => void log.write(chunk));
    child.once('exit', (code, signal) => {
      if (ended) return;
      if (!ours) options.onDeath(`${name} ended with ${code ?? signal}`);
      if (thaw) clearTimeout(thaw);
      thaw = null;
      start();
    });
  };
  start();

  return {
    name,
    service,
    up: () => listening && !ours && thaw === null,
    kill() {
      if (ours) return false;
      ours = true;
      return child.kill('SIGKILL');
    },
    freeze(ms) {
      if (thaw || ours || !child.kill('SIGSTOP')) return false;
      thaw = setTimeout(() => {
        thaw = null;
        child.kill('SIGCONT');
      }, ms);
      return true;
    },
    frozen: () => thaw !== null,
    async end() {
      ended = true;
      if (thaw) clearTimeout(thaw);
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      log.end();
    },
  };
}
