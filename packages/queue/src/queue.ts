import {
  errorMessage,
  jobs,
  NightshiftError,
  quarantineQueue,
  queueName,
  type JobName,
  type JobPayload,
} from '@nightshift/types';
import type { Queue as BullQueue } from 'bullmq';
import { schemeOf, type Backend } from './backend.ts';
import { startConsumer, type Consumer, type JobEvent, type JobHandler } from './consumer.ts';
import { within } from './deadline.ts';
import type { Log } from './log.ts';
import { openPostgres } from './postgres.ts';
import { openRedis } from './redis.ts';

/** How many jobs are in each state, and for how long the one that waits longest has waited since it was sent (0 if none waits). */
export type Depth = { waiting: number; active: number; delayed: number; failed: number; oldestWaitMs: number };

export type Queue = {
  /**
   * Puts a job into its queue. While a job of the same id is there, nothing happens. Resolves when the store has it. Rejects with
   * QUEUE_UNAVAILABLE within 2 s (the job may still arrive: handlers and ids must allow for it), or with JOB_INVALID.
   */
  send<J extends JobName>(job: J, payload: JobPayload<J>, options: { id: string; shard?: number }): Promise<void>;
  /** Works jobs off, at least once each. A throw is tried again with growing delay; after the last attempt the job goes into quarantine. */
  consume<J extends JobName>(
    job: J,
    handler: JobHandler<J>,
    options?: { concurrency?: number; shard?: number },
  ): Consumer;
  /** Rejects with QUEUE_UNAVAILABLE within 2 s. */
  depth(job: JobName, shard?: number): Promise<Depth>;
  /** Every queue, the quarantine last, as Bull Board takes them. */
  boards(options: { shards: number }): BullQueue[];
  /** Whether the store answers, and is migrated, within 1.5 s. Never rejects. */
  isReady(): Promise<boolean>;
  /** Closes its consumers, then the connections. */
  close(deadlineMs?: number): Promise<void>;
};

export type QueueOptions = {
  /** redis://, rediss:// or postgres:// */
  url: string;
  log: Log;
  /** Of the service: shown in lists of connections and workers. */
  name: string;
  /** Called after each attempt. */
  observe?: (event: JobEvent) => void;
};

const sendMs = 2_000;
const readyMs = 1_500;
/** First retry after about half a second, then 1, 2, 4 s; jitter parts jobs that failed together. */
const backoff = { type: 'exponential', delay: 500, jitter: 0.5 } as const;

/** Opens the job queue; connects by itself and again after outages. Throws CONFIG_INVALID for another scheme. */
export function connectQueue(options: QueueOptions): Queue {
  const { log, name } = options;
  const backend = schemeOf(options.url) === 'redis' ? openRedis(options) : openPostgres(options);
  const queues = new Map<string, BullQueue>();
  const consumers = new Set<Consumer>();
  const queueOf = (wanted: string) => {
    const queue = queues.get(wanted) ?? backend.queue(wanted);
    queues.set(wanted, queue);
    return queue;
  };
  const board = () => queueOf(quarantineQueue);
  const observe = options.observe ?? (() => {});

  return {
    async send(job, payload, { id, shard }) {
      const parsed = jobs[job].schema.safeParse(payload);
      if (!parsed.success)
        throw new NightshiftError('JOB_INVALID', `${job} does not take this payload: ${parsed.error.message}`);
      assertJobId(id);
      const rules = { jobId: id, attempts: jobs[job].attempts, backoff, removeOnComplete: true, removeOnFail: true };
      await answered(backend, () => queueOf(queueName(job, shard)).add(job, parsed.data, rules));
    },
    consume(job, handler, consuming = {}) {
      const consumer = startConsumer({ backend, board, log, name, observe }, job, handler, consuming);
      consumers.add(consumer);
      return {
        async close(deadlineMs) {
          await consumer.close(deadlineMs);
          consumers.delete(consumer);
        },
      };
    },
    depth: (job, shard) => answered(backend, () => depthOf(queueOf(queueName(job, shard)))),
    boards({ shards }) {
      const names = (Object.keys(jobs) as JobName[]).flatMap((job) =>
        jobs[job].sharded ? Array.from({ length: shards }, (_, shard) => queueName(job, shard)) : queueName(job),
      );
      return [...names, quarantineQueue].map(queueOf);
    },
    isReady: () =>
      within(readyMs, backend.up().then(backend.ping), () => new Error('no answer')).then(
        () => true,
        () => false,
      ),
    async close(deadlineMs = 5_000) {
      await Promise.all([...consumers].map((consumer) => consumer.close(deadlineMs)));
      const rest = Promise.all([...queues.values()].map((queue) => queue.close())).then(() => backend.close());
      await within(1_000, rest, () => new Error('no answer')).catch((error: unknown) =>
        log.warn({ err: error }, 'queue connection left open'),
      );
    },
  };
}

/** BullMQ keeps ':' for its own keys and takes digits alone for ids of its own. */
function assertJobId(id: string) {
  const reason = !id ? 'is empty' : id.includes(':') ? 'contains ":"' : /^\d+$/.test(id) ? 'is only digits' : undefined;
  if (reason) throw new NightshiftError('JOB_INVALID', `the job id ${JSON.stringify(id)} ${reason}`);
}

async function depthOf(queue: BullQueue): Promise<Depth> {
  const {
    waiting = 0,
    active = 0,
    delayed = 0,
    failed = 0,
  } = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  // Newest first, so the last: asked for the oldest first, BullMQ on Postgres counts from the wrong end.
  const [oldest] = waiting > 0 ? await queue.getJobs(['waiting'], waiting - 1, waiting - 1) : [];
  return { waiting, active, delayed, failed, oldestWaitMs: oldest ? Math.max(0, Date.now() - oldest.timestamp) : 0 };
}

async function answered<T>(backend: Backend, work: () => Promise<T>): Promise<T> {
  try {
    return await within(sendMs, backend.up().then(work), () => new Error(`no answer within ${sendMs} ms`));
  } catch (cause) {
    // Class 22: Postgres cannot hold the value, for example a NUL in a text; no use in sending it again.
    if ((cause as { code?: string }).code?.startsWith('22')) {
      throw new NightshiftError('JOB_INVALID', errorMessage(cause), { cause });
    }
    throw new NightshiftError('QUEUE_UNAVAILABLE', `the job queue is out of reach: ${errorMessage(cause)}`, { cause });
  }
}
