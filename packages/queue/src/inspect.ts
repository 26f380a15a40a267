import { Queue as BullQueue } from 'bullmq';
import { Redis } from 'ioredis';

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

export type InspectionOptions = { url: string; queue: string; prefix: string; since: number; signal: AbortSignal };

const newestFailures = 100;

/** Looks at a queue and writes nothing, over a connection of its own that is cut when the signal aborts. `since`: epoch ms. */
export async function inspectQueue({
  url,
  queue: name,
  prefix,
  since,
  signal,
}: InspectionOptions): Promise<Inspection> {
  const connection = new Redis(url, {
    lazyConnect: true,
    connectionName: 'nightshift-diagnostics',
    connectTimeout: 5_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let problem: Error | undefined;
  connection.on('error', (error) => (problem = error));
  const cut = () => {
    connection.disconnect();
    connection.stream?.destroy(); // disconnect() alone is polite to a silent server for two seconds
  };
  signal.addEventListener('abort', cut, { once: true });
  try {
    signal.throwIfAborted();
    await connection.connect();
    return await look(name, prefix, connection, since);
  } catch (error) {
    throw signal.aborted ? signal.reason : (problem ?? error);
  } finally {
    signal.removeEventListener('abort', cut);
    cut();
  }
}

async function look(name: string, prefix: string, connection: Redis, since: number): Promise<Inspection> {
  // Neither its version nor its settings are written into a queue that is not ours.
  const settings = { connection, prefix, skipVersionCheck: true, skipWaitingForReady: true, skipMetasUpdate: true };
  const queue = new BullQueue(name, settings);
  queue.on('error', () => {}); // the commands themselves tell
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
