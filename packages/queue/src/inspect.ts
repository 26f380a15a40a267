import type { Queue as BullQueue } from 'bullmq';
import { withForeign, type ForeignOptions } from './foreign.ts';

/** What a BullMQ queue of somebody else looks like. */
export type Inspection = {
  /** Prioritized jobs included. */
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  /** Of the newest 100 failed jobs: how many failed since `since`, and the most frequent reason of these. */
  failedSince: number;
  topError: string | null;
  oldestWaitMs: number;
  /** Null: this Redis does not list its clients for us. */
  workers: number | null;
  paused: boolean;
};

export type InspectionOptions = ForeignOptions & { queue: string; since: number };

const newestFailures = 100;

/** Looks at a queue and writes nothing, over a connection of its own that is cut when the signal aborts. `since`: epoch ms. */
export const inspectQueue = ({ queue: name, since, ...foreign }: InspectionOptions): Promise<Inspection> =>
  withForeign(foreign, ({ queue }) => look(queue(name), since));

async function look(queue: BullQueue, since: number): Promise<Inspection> {
  const counts = await queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed');
  const { waiting = 0, prioritized = 0, active = 0, delayed = 0, failed = 0 } = counts;
  const failures = (await queue.getJobs(['failed'], 0, newestFailures - 1)).filter((job) => Boolean(job));
  const fresh = failures.filter((job) => (job.finishedOn ?? 0) >= since);
  return {
    waiting: waiting + prioritized,
    active,
    delayed,
    failed,
    failedSince: fresh.length,
    topError: mostFrequent(fresh.map((job) => job.failedReason ?? 'no reason')),
    oldestWaitMs: await oldestWait(queue, waiting),
    workers: await queue.getWorkersCount().catch(() => null),
    paused: await queue.isPaused(),
  };
}

async function oldestWait(queue: BullQueue, waiting: number): Promise<number> {
  // Newest first, so the last.
  const [oldest] = waiting > 0 ? await queue.getJobs(['waiting'], waiting - 1, waiting - 1) : [];
  return oldest ? Math.max(0, Date.now() - oldest.timestamp) : 0;
}

function mostFrequent(texts: string[]): string | null {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}
