import { Queue as BullQueue } from 'bullmq';
import { Redis } from 'ioredis';
import { schemeOf } from './backend.ts';
import { openPostgres } from './postgres.ts';

/** Queues that are not ours, over a connection of its own that is cut when the signal aborts. */
export type Foreign = { queue(name: string): BullQueue; close(): Promise<void> };
export type ForeignOptions = { url: string; prefix: string; signal: AbortSignal };

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Does `work` with somebody else's queues. Rejects with what is wrong with the connection, or with the signal's reason. */
export async function withForeign<T>(options: ForeignOptions, work: (foreign: Foreign) => Promise<T>): Promise<T> {
  const { signal } = options;
  signal.throwIfAborted();
  const { foreign, problem } = schemeOf(options.url) === 'redis' ? await overRedis(options) : overPostgres(options);
  try {
    return await work(foreign);
  } catch (error) {
    throw signal.aborted ? signal.reason : (problem() ?? error);
  } finally {
    await foreign.close();
  }
}

/** BullMQ's own Postgres backend: there is no prefix, its tables are in the schema `bullmq`. */
function overPostgres({ url }: ForeignOptions) {
  const backend = openPostgres({ url, name: 'target', log: silent });
  return { foreign: { queue: backend.queue, close: () => backend.close() }, problem: () => undefined };
}

async function overRedis({ url, prefix, signal }: ForeignOptions) {
  const connection = new Redis(url, {
    lazyConnect: true,
    connectionName: 'nightshift-target',
    connectTimeout: 5_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let trouble: Error | undefined;
  connection.on('error', (error) => (trouble = error));
  const cut = () => {
    connection.disconnect();
    connection.stream?.destroy(); // disconnect() alone is polite to a silent server for two seconds
  };
  signal.addEventListener('abort', cut, { once: true });
  const close = async () => {
    signal.removeEventListener('abort', cut);
    cut();
  };
  const queue = (name: string) => {
    // Neither its version nor its settings are written into a queue that is not ours.
    const settings = { connection, prefix, skipVersionCheck: true, skipWaitingForReady: true, skipMetasUpdate: true };
    const opened = new BullQueue(name, settings);
    opened.on('error', () => {}); // the commands themselves tell
    return opened;
  };
  try {
    await connection.connect();
  } catch (error) {
    await close();
    throw signal.aborted ? signal.reason : (trouble ?? error);
  }
  return { foreign: { queue, close }, problem: () => trouble };
}
