import { Queue as BullQueue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { queueSettings, type Backend, type BackendOptions } from './backend.ts';
import { calmErrors } from './log.ts';

/** The hash tag keeps all keys in one slot, should the Redis be a cluster. */
const prefix = '{nightshift}';

const retryStrategy = (times: number) => Math.min(50 * 2 ** Math.min(times, 5), 1_000);

/**
 * Redis 6.2 or newer with `maxmemory-policy noeviction` and AOF. All senders share one connection that refuses while it is down;
 * every worker has two of its own (one blocks for work) that wait.
 */
export function openRedis({ url, name, log }: BackendOptions): Backend {
  const onError = calmErrors(log, 'queue connection (redis)');
  const sending = new Redis(url, {
    connectionName: `nightshift:${name}`,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    retryStrategy,
  });
  sending.on('error', onError);
  const opening = new Promise((settled) => sending.once('ready', settled).once('close', settled));
  const waiting = { url, maxRetriesPerRequest: null, connectTimeout: 2_000, retryStrategy };
  return {
    async up() {
      await opening;
      if (sending.status !== 'ready') throw new Error(`the connection to Redis is ${sending.status}`);
    },
    ping: async () => void (await sending.ping()),
    queue(queueName) {
      // Without the version check a connection lost while it runs would leave the queue unusable for good.
      const options = {
        connection: sending,
        prefix,
        skipVersionCheck: true,
        skipWaitingForReady: true,
        ...queueSettings,
      };
      const queue = new BullQueue(queueName, options);
      queue.on('error', onError);
      return queue;
    },
    worker(queueName, processor, options) {
      const worker = new Worker(queueName, processor, { ...options, connection: waiting, prefix });
      worker.on('error', onError);
      return worker;
    },
    close: async () => sending.disconnect(),
  };
}
