import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a benchmark lives: a folder of its own, and whatever it has started, ended again in any case. */
export type House = {
  dir: string;
  /** Aborted by Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  /** What ends something that was started; the last started is ended first. */
  onClose(step: () => unknown): void;
  /** A line of progress, on stderr. */
  say(text: string): void;
};

/** Runs a benchmark and ends everything it started: when it is done, when it fails, when it is stopped. */
export async function inHouse<T>(name: string, work: (house: House) => Promise<T>): Promise<T> {
  const steps: (() => unknown)[] = [];
  const stopped = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    process.exitCode = 128 + constants.signals[signal];
    stopped.abort(new Error(`stopped by ${signal}`));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const started = performance.now();
  const dir = await mkdtemp(join(tmpdir(), `nightshift-bench-${name}-`));
  await chmod(dir, 0o711); // as root, Postgres runs as somebody else, who must get through
  const house: House = {
    dir,
    signal: stopped.signal,
    onClose: (step) => void steps.push(step),
    say: (text) =>
      void process.stderr.write(`${((performance.now() - started) / 1_000).toFixed(1).padStart(6)} s  ${text}\n`),
  };
  const interrupted = new Promise<never>((_, reject) => {
    stopped.signal.addEventListener('abort', () => reject(stopped.signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([work(house), interrupted]);
  } finally {
    for (const step of steps.reverse()) {
      await Promise.resolve(step()).catch((error: unknown) => house.say(`not ended cleanly: ${String(error)}`));
    }
    await rm(house.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}
