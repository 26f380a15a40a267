import type { Job, JobsOptions, Queue as BullQueue } from 'bullmq';
import { withForeign, type ForeignOptions } from './foreign.ts';

/** What lies in `<queue>-quarantine`: a job as it was, to be put back. */
type Moved = { queue: string; id: string; name: string; data: unknown; opts: JobsOptions; sentAt: number };

export type Drainage = ForeignOptions & {
  queue: string;
  /** Only jobs that were sent before (epoch ms): a repeat moves nothing that came later. */
  before: number;
  mostJobs: number;
};
export type Drained = { moved: number; kept: number };

export const quarantineOf = (queue: string): string => `${queue}-quarantine`;

const batch = 100;
const states = ['waiting', 'prioritized'] as const;

/** How many waiting jobs would be moved, and whether the queue is paused. Writes nothing. */
export const lookAtDrain = (options: Drainage): Promise<{ jobs: number; paused: boolean }> =>
  withForeign(options, async ({ queue: open }) => {
    const queue = open(options.queue);
    let jobs = 0;
    for (const state of states)
      for (let start = 0; ; start += batch) {
        const page = await pageOf(queue, state, start);
        jobs += page.filter((job) => isMovable(job, options.before)).length;
        if (page.length === 0 || jobs >= options.mostJobs) break;
      }
    return { jobs: Math.min(jobs, options.mostJobs), paused: await queue.isPaused() };
  });

/**
 * Moves waiting jobs aside into `<queue>-quarantine`, in batches, each copied before it is removed: killed anywhere, every job is in one of
 * the two, and a repeat goes on. Jobs that belong to a flow or a schedule, and those that a worker has, stay. Nothing is deleted.
 */
export const drainQueue = (options: Drainage): Promise<Drained> =>
  withForeign(options, async ({ queue: open }) => {
    const [queue, aside] = [open(options.queue), open(quarantineOf(options.queue))];
    const drained: Drained = { moved: 0, kept: 0 };
    for (const state of states) {
      for (let start = 0; drained.moved < options.mostJobs;) {
        options.signal.throwIfAborted();
        const page = await pageOf(queue, state, start);
        if (page.length === 0) break;
        const movable = page.filter((job) => isMovable(job, options.before)).slice(0, options.mostJobs - drained.moved);
        const moved = await move(queue, aside, movable);
        drained.moved += moved;
        drained.kept += page.length - moved;
        start += page.length - moved;
      }
    }
    return drained;
  });

/** Workers take no further job. */
export const pauseQueue = (options: ForeignOptions & { queue: string }): Promise<void> =>
  withForeign(options, ({ queue }) => queue(options.queue).pause());
export const resumeQueue = (options: ForeignOptions & { queue: string }): Promise<void> =>
  withForeign(options, ({ queue }) => queue(options.queue).resume());

/** Puts what was moved aside back, the oldest first, in batches. Killed in between it goes on; no job is there twice. Returns how many. */
export const restoreQueue = (options: ForeignOptions & { queue: string }): Promise<number> =>
  withForeign(options, async ({ queue: open }) => {
    const [queue, aside] = [open(options.queue), open(quarantineOf(options.queue))];
    for (let restored = 0; ;) {
      options.signal.throwIfAborted();
      const count = await aside.getWaitingCount();
      if (count === 0) return restored;
      const page = (await aside.getJobs(['waiting'], Math.max(0, count - batch), count - 1)).filter(Boolean).reverse();
      for (const record of page) {
        const { id, name, data, opts, sentAt } = record.data as Moved;
        // A name of digits alone is BullMQ's to give.
        const jobId = /^\d+$/.test(id) ? `restored-${id}-${sentAt}` : id;
        await queue.add(name, data, { ...opts, jobId, timestamp: sentAt });
        await record.remove();
      }
      if (page.length === 0) return restored;
      restored += page.length;
    }
  });

const pageOf = async (queue: BullQueue, state: (typeof states)[number], start: number) =>
  (await queue.getJobs([state], start, start + batch - 1)).filter(Boolean);

/** A part of a flow or of a schedule is more than a job: it cannot be put back as it was. */
const isMovable = (job: Job, before: number) =>
  job.timestamp < before && !job.parentKey && !job.repeatJobKey && job.id !== undefined;

async function move(queue: BullQueue, aside: BullQueue, jobs: Job[]): Promise<number> {
  if (jobs.length === 0) return 0;
  const copies = await aside.addBulk(
    jobs.map((job) => {
      const data: Moved = {
        queue: queue.name,
        id: job.id!,
        name: job.name,
        data: job.data,
        opts: job.opts,
        sentAt: job.timestamp,
      };
      // The same again after a death in between; another job that got the same id later is another record.
      return { name: 'moved', data, opts: { jobId: `moved-${job.id}-${job.timestamp}` } };
    }),
  );
  let moved = 0;
  for (const [i, job] of jobs.entries()) {
    try {
      await job.remove();
      moved++;
    } catch (error) {
      // A worker was faster: it is done there, and must not come back from here.
      if (!['active', 'completed', 'failed', 'delayed', 'unknown'].includes(await job.getState())) throw error;
      await copies[i]!.remove();
    }
  }
  return moved;
}
