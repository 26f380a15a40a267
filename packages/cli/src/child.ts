import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { NightshiftError } from '@nightshift/types';
import type { Log } from './log.ts';
import { host } from './ports.ts';
import { signalGroup } from './processes.ts';

/** A process that is kept running until it is stopped. */
export type Child = {
  name: string;
  pid(): number | null;
  /** How often it was started again after it ended by itself. */
  restarts(): number;
  /** Resolves when it answers on `/readyz`; rejects with its last words when it does not come up in time. */
  ready(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  /** Sends a signal to the process alone and, where that ends it, resolves when it has. It is then started again. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Asks it to end, kills it after `graceMs`, and does not start it again. */
  stop(graceMs: number): Promise<void>;
};

export type ChildOptions = {
  name: string;
  /** File for node to run, its whole environment, and the port that env makes it listen on. */
  script: string;
  env: Record<string, string>;
  port: number;
  log: Log;
  /** Told of every process that runs now: what a later run must clean up if this one is killed. */
  onStart: (name: string, pid: number) => void;
};

const firstRestartMs = 250;
const longestRestartMs = 5_000;
/** A process that ran for so long has its back-off forgiven. */
const steadyMs = 20_000;
/** What a service says by this exit code no restart can mend. */
const wrongConfiguration = 2;

export function startChild(options: ChildOptions): Child {
  const { name, log } = options;
  const stopping = new AbortController();
  let child: ChildProcess;
  let starts = 0;
  let restartMs = firstRestartMs;
  let givenUp = false;
  let pending: Promise<void> | undefined;

  const start = () => {
    starts++;
    const startedAt = Date.now();
    // A group of its own: Ctrl-C in the terminal reaches this command alone, which then stops everything in order.
    child = spawn(process.execPath, [options.script], {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid) options.onStart(name, child.pid);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream! }).on('line', (text) => log.line(name, text));
    child.on('error', (error) => log.line(name, `cannot be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (stopping.signal.aborted) return;
      if (code === wrongConfiguration) {
        givenUp = true;
        return log.line(name, 'its configuration is wrong: it is not started again');
      }
      if (Date.now() - startedAt > steadyMs) restartMs = firstRestartMs;
      log.line(name, `ended (${signal ?? `exit code ${code}`}); started again in ${restartMs} ms`);
      pending = pause(restartMs, undefined, { signal: stopping.signal }).then(start, () => {});
      restartMs = Math.min(restartMs * 2, longestRestartMs);
    });
  };
  start();

  return {
    name,
    pid: () => (hasEnded(child) ? null : (child.pid ?? null)),
    restarts: () => starts - 1,
    async ready(timeoutMs, signal) {
      for (const deadline = Date.now() + timeoutMs; !(await answers(options.port)); await pause(50)) {
        signal?.throwIfAborted();
        if (givenUp || Date.now() > deadline) {
          const why = givenUp ? 'does not start' : `was not ready within ${timeoutMs / 1_000} s`;
          throw new NightshiftError('INTERNAL', `${name} ${why}. Its last words:\n${log.tail(name).join('\n')}`);
        }
      }
    },
    async kill(signal) {
      const victim = child;
      const gone = ended(victim);
      victim.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await gone;
    },
    async stop(graceMs) {
      stopping.abort();
      await pending;
      if (hasEnded(child) || !child.pid) return;
      const gone = ended(child);
      child.kill('SIGTERM');
      const timer = setTimeout(() => signalGroup(child.pid!, 'SIGKILL'), graceMs);
      await gone;
      clearTimeout(timer);
    },
  };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => (hasEnded(child) ? resolve() : child.once('exit', () => resolve())));
}

async function answers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}:${port}/readyz`, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
