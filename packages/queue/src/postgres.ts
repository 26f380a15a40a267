import { errorMessage, NightshiftError } from '@nightshift/types';
import {
  createPostgresBackend,
  Queue as BullQueue,
  runMigrations,
  Worker,
  type BackendFactory,
  type PostgresQueueBackend,
  assertSchemaCompatibility,
} from 'bullmq';
import pg from 'pg';
import { queueSettings, schemeOf, type Backend, type BackendOptions } from './backend.ts';
import { calmErrors } from './log.ts';

/** BullMQ's own tables live apart from Nightshift's. With a pool of ours the name cannot be another one. */
const schema = 'bullmq';

/** Connections shared by all queues and workers of a process; on top of them comes one per worker, which listens. */
const sharedConnections = 4;

/** Postgres 14 or newer, migrated by `migrateQueue`. One bounded pool per process. */
export function openPostgres({ url, name, log }: BackendOptions): Backend {
  const onError = calmErrors(log, 'queue connection (postgres)');
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `nightshift ${name} queue`,
    options: `-c search_path=${schema}`,
    max: sharedConnections,
    keepAlive: true, // a listener that silently lost its connection hears nothing: find out in seconds
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 2_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 10_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 10_000,
    query_timeout: 12_000,
  });
  pool.setMaxListeners(0);
  pool.on('error', onError);
  // A checked-out client needs a handler of its own, or a restart of the database ends the process.
  pool.on('connect', (client) => client.on('error', onError));
  const factory = sharing(pool);
  return {
    up: async () => {}, // a refused connection says so at once
    ping: () => checked(pool),
    queue(queueName) {
      const queue = new BullQueue(queueName, { connection: pool, ...queueSettings }, factory);
      queue.on('error', onError);
      return queue as unknown as BullQueue;
    },
    worker(queueName, processor, options) {
      pool.options.max += 1;
      const worker = new Worker(queueName, processor, { ...options, connection: pool }, factory);
      worker.on('error', onError);
      worker.on('closed', () => (pool.options.max -= 1));
      return worker as unknown as Worker;
    },
    close: () => pool.end(),
  };
}

/**
 * BullMQ's backend over our pool. Its connection remembers a failed first check of the schema for ever, so that a process started
 * before its database would never work: ours checks again.
 */
function sharing(pool: pg.Pool): BackendFactory<PostgresQueueBackend, pg.Pool> {
  let ready: Promise<void> | undefined;
  const waitUntilReady = () =>
    (ready ??= checked(pool).catch((error: unknown) => {
      ready = undefined;
      throw error;
    }));
  return (name, options, kind) => {
    const backend = createPostgresBackend(name, { ...options, connection: pool }, kind);
    backend.connection.waitUntilReady = waitUntilReady;
    return backend;
  };
}

async function checked(pool: pg.Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await assertSchemaCompatibility(client, schema);
  } finally {
    client.release();
  }
}

/** Makes or upgrades BullMQ's tables; safe to run again and from several processes at once. Redis needs nothing. */
export async function migrateQueue(url: string): Promise<void> {
  if (schemeOf(url) === 'redis') return;
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {}); // the query in flight rejects as well
  try {
    await client.connect();
    await runMigrations(client, schema);
  } catch (cause) {
    throw new NightshiftError(
      'QUEUE_UNAVAILABLE',
      `the job queue in Postgres cannot be migrated: ${errorMessage(cause)}`,
      { cause },
    );
  } finally {
    await client.end();
  }
}
