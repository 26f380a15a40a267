import { errorMessage, jobs, NightshiftError, queueName, type JobName, type JobPayload } from '@nightshift/types';
import { UnrecoverableError, WaitingError, type Job, type Queue as BullQueue } from 'bullmq';
import { attempt, LostJob, Released } from './attempt.ts';
import type { Backend } from './backend.ts';
import type { Log } from './log.ts';
import { quarantine, storable, type QuarantineRecord } from './quarantine.ts';

/** `attempt` counts from 1. `signal` aborts when the time is over, the lock is lost or the consumer must close. */
export type JobContext = { id: string; attempt: number; signal: AbortSignal };
export type JobHandler<J extends JobName> = (payload: JobPayload<J>, context: JobContext) => Promise<void>;
/** `waitMs` is since the job was sent, so a retry's includes what went before. */
export type JobEvent = {
  job: JobName;
  outcome: 'done' | 'failed' | 'quarantined' | 'timeout';
  durationMs: number;
  waitMs: number;
};

export type Consumer = {
  /** Stops taking jobs and waits for those at work; near the deadline takes them away from their handlers and gives them back. */
  close(deadlineMs?: number): Promise<void>;
};

/** A killed worker's job goes to another after two looks of the others, the first up to two intervals away: 7.5 s at worst. */
const lockMs = 5_000;
const stalledLookMs = 2_500;
/** Deaths of workers that a job survives on top of its attempts: a deployment kills workers without the job being at fault. */
const sparedDeaths = 5;
const never = 1_000_000;

type Parts = {
  backend: Backend;
  board: () => BullQueue;
  log: Log;
  name: string;
  observe: (event: JobEvent) => void;
};
type Options = { concurrency?: number; shard?: number };

/** Starts a worker for one queue. */
export function startConsumer<J extends JobName>(
  parts: Parts,
  job: J,
  handler: JobHandler<J>,
  options: Options,
): Consumer {
  const { backend, log } = parts;
  const queue = queueName(job, options.shard);
  const release = new AbortController();
  let graceMs = 0;

  const worker = backend.worker(
    queue,
    // BullMQ hands the signal only to functions that declare three parameters.
    async (bullJob: Job, token: string | undefined, lost: AbortSignal | undefined) => {
      const started = Date.now();
      const outcome = await run(bullJob, lost ?? new AbortController().signal);
      if (outcome.event !== 'released') {
        const waitMs = Math.max(0, started - bullJob.timestamp);
        parts.observe({ job, outcome: outcome.event, durationMs: Date.now() - started, waitMs });
      } else {
        await bullJob
          .moveToWait(token)
          .catch((error: unknown) => log.warn({ err: error, job: bullJob.id }, 'job comes back when its lock expires'));
      }
      if (outcome.error) throw outcome.error;
    },
    {
      name: parts.name,
      concurrency: options.concurrency ?? jobs[job].concurrency,
      lockDuration: lockMs,
      stalledInterval: stalledLookMs,
      maxStalledCount: never, // deaths are counted in `run`, which puts aside instead of dropping
      runRetryDelay: 1_000,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  worker.on('lockRenewalFailed', (ids: string[]) => ids.forEach((id) => worker.cancelJob(id, 'lock lost')));
  worker.on('stalled', (id) => log.info({ queue, job: id }, 'took over the job of a worker that is gone'));

  async function run(bullJob: Job, lost: AbortSignal): Promise<Outcome> {
    // BullMQ drops a job after its own `attempts`, which is 1 for one added by hand: it must be put aside by then.
    const attempts = Math.max(1, Math.min(bullJob.opts.attempts ?? 1, jobs[job].attempts));
    if (bullJob.attemptsStarted > attempts + sparedDeaths) {
      return putAside(
        bullJob,
        'kills its worker',
        new Error(`${bullJob.attemptsStarted - 1} workers began it and did not end it`),
      );
    }
    const payload = jobs[job].schema.safeParse(bullJob.data);
    if (!payload.success) return putAside(bullJob, 'invalid payload', payload.error);
    const context = { id: bullJob.id ?? '', attempt: bullJob.attemptsMade + 1 };
    try {
      if (release.signal.aborted) throw new Released('the consumer is closing');
      const work = (signal: AbortSignal) => handler(payload.data as JobPayload<J>, { ...context, signal });
      await attempt(job, work, { timeoutMs: jobs[job].timeoutMs, release: release.signal, graceMs, lost });
      return { event: 'done' };
    } catch (error) {
      if (error instanceof Released) return { event: 'released', error: new WaitingError() };
      if (error instanceof LostJob) return { event: 'failed', error: new WaitingError() };
      log.warn(
        { err: error, queue, job: bullJob.id, attempt: context.attempt, of: attempts },
        `${job} failed: ${errorMessage(error)}`,
      );
      if (context.attempt >= attempts) return putAside(bullJob, 'attempts used up', error);
      const timedOut = error instanceof NightshiftError && error.code === 'JOB_TIMEOUT';
      return { event: timedOut ? 'timeout' : 'failed', error: plain(error) };
    }
  }

  async function putAside(bullJob: Job, reason: QuarantineRecord['reason'], error: unknown): Promise<Outcome> {
    try {
      await quarantine(parts.board(), job, bullJob, { reason, error });
    } catch (cause) {
      // Not recorded, so it must not go: left alone, it comes back when its lock expires.
      log.error({ err: cause, queue, job: bullJob.id }, 'cannot put a failed job into quarantine; it is tried again');
      return { event: 'failed', error: new WaitingError() };
    }
    log.error({ queue, job: bullJob.id, reason }, `${job} is in quarantine: ${reason}: ${errorMessage(error)}`);
    return { event: 'quarantined', error: new UnrecoverableError(plain(error).message) };
  }

  let closing: Promise<void> | undefined;
  return {
    close(deadlineMs = 5_000) {
      graceMs = deadlineMs * 0.15;
      return (closing ??= (async () => {
        const taking = setTimeout(() => release.abort(), deadlineMs * 0.7);
        let cutting: NodeJS.Timeout | undefined;
        const cut = new Promise<'cut'>((resolve) => (cutting = setTimeout(resolve, deadlineMs, 'cut')));
        const ended = await Promise.race([worker.close(), cut]);
        clearTimeout(taking);
        clearTimeout(cutting);
        if (ended === 'cut') {
          log.warn({ queue }, 'the worker did not close in time: its connection is cut');
          worker.disconnect().catch(() => {});
        }
      })());
    },
  };
}

/** Without `error` BullMQ completes the job; a WaitingError leaves it as it is. */
type Outcome = { event: JobEvent['outcome'] | 'released'; error?: Error };

/** The error as BullMQ keeps it with the job until the next attempt. */
function plain(error: unknown): Error {
  const kept = new Error(storable(errorMessage(error)));
  kept.stack = storable(error instanceof Error ? (error.stack ?? '') : '');
  return kept;
}
