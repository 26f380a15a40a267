/** For tests: a queue of a service that uses BullMQ itself, with BullMQ's own settings, on Redis or on Postgres. */
import { createPostgresBackend, Queue, Worker, type Processor } from 'bullmq';
import pg from 'pg';
import { schemeOf } from './backend.ts';

export type QueueElsewhere = {
  queue: Queue;
  /** Starts a worker of the service; resolves when it is connected. */
  work(processor: Processor): Promise<Worker>;
  close(): Promise<void>;
};

/** On Postgres the tables must be there (`migrateQueue`), and there is no prefix. */
export function openElsewhere({ url, name, prefix }: { url: string; name: string; prefix: string }): QueueElsewhere {
  const workers: Worker[] = [];
  const pool = schemeOf(url) === 'postgres' ? openPool(url) : undefined;
  // BullMQ's types know its connections to Redis alone.
  const settings = pool ? ({ connection: pool } as never) : { connection: { url }, prefix };
  const factory = pool && (createPostgresBackend as never);
  const queue = new Queue(name, settings, factory);
  queue.on('error', () => {});
  return {
    queue,
    async work(processor) {
      const worker = new Worker(name, processor, settings, factory);
      worker.on('error', () => {});
      workers.push(worker);
      await worker.waitUntilReady();
      return worker;
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
      await pool?.end();
    },
  };
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: url, options: '-c search_path=bullmq', max: 4 });
  return pool.on('error', () => {});
}
