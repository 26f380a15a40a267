import { NightshiftError, type JobName } from '@nightshift/types';

/** Thrown when the consumer closes before the handler is through: the job goes back, the attempt does not count. */
export class Released extends Error {}

/** Thrown when another worker may have the job by now: nothing may be recorded for it here. */
export class LostJob extends Error {}

type Limits = {
  timeoutMs: number;
  /** Aborted when the consumer wants the job back. */
  release: AbortSignal;
  /** How long the handler may still take to react to `release`. */
  graceMs: number;
  /** Aborted when this worker's lock on the job is gone. */
  lost: AbortSignal;
};

/**
 * One run of a handler inside its limits. Settles by them even if the handler ignores its signal; what such a handler does later has no
 * bearing on the job. Rejects with the handler's error, JOB_TIMEOUT, Released or LostJob.
 */
export async function attempt(
  name: JobName,
  work: (signal: AbortSignal) => Promise<void>,
  limits: Limits,
): Promise<void> {
  const { timeoutMs, release, graceMs, lost } = limits;
  const abort = new AbortController();
  const cleared = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const limit = new Promise<never>((_, reject) => {
    const stop = (error: Error, afterMs: number) => {
      abort.abort(error);
      timers.push(setTimeout(reject, afterMs, error));
    };
    timers.push(
      setTimeout(
        () => stop(new NightshiftError('JOB_TIMEOUT', `${name} took longer than ${timeoutMs} ms`), 0),
        timeoutMs,
      ),
    );
    onAbort(release, cleared.signal, () => stop(new Released('the consumer is closing'), graceMs));
    onAbort(lost, cleared.signal, () => stop(new LostJob('the lock of the job is gone'), 0));
  });
  const run = (async () => work(abort.signal))().catch((error: unknown) => {
    // A handler that gave up because it was told to has not failed by itself.
    throw abort.signal.aborted ? abort.signal.reason : error;
  });
  try {
    await Promise.race([run, limit]);
  } finally {
    // Nobody asks why; without a reason it would be given an error with a stack, for every job.
    cleared.abort('over');
    timers.forEach(clearTimeout);
  }
}

function onAbort(signal: AbortSignal, until: AbortSignal, listener: () => void) {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true, signal: until });
}
