import { errorMessage } from '@nightshift/types';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** Every node that holds keys of its own: the one server, or each master of a cluster. */
export type Masters = { ok: true; masters: Redis[]; close(): void } | { ok: false; reason: string };

const options: RedisOptions = {
  lazyConnect: true,
  connectTimeout: 5_000,
  commandTimeout: 10_000,
  maxRetriesPerRequest: 0,
  // One attempt, then an answer: whether to try again is the ledger's decision, not a client's.
  retryStrategy: () => null,
};

/** Connects. Aborting the signal closes the connections, and what was asked on them fails. */
export async function connectMasters(url: string, signal: AbortSignal): Promise<Masters> {
  let last: unknown;
  // An 'error' event without a listener would end the process. It names the cause; connect() only says "closed".
  const listen = <T extends Redis | Cluster>(client: T): T => (
    client.on('error', (error: unknown) => (last = error)),
    client
  );
  const first = listen(new Redis(url, options));
  let cluster: Cluster | null = null;
  const close = () => {
    signal.removeEventListener('abort', close);
    first.disconnect();
    cluster?.disconnect();
  };
  signal.addEventListener('abort', close);
  try {
    if (signal.aborted) throw new Error('no time was left');
    await first.connect();
    if (!(await first.info('cluster')).includes('cluster_enabled:1')) return { ok: true, masters: [first], close };
    const { host, port, username, password, tls } = first.options;
    cluster = listen(
      new Cluster([{ host: host!, port: port! }], {
        lazyConnect: true,
        clusterRetryStrategy: () => null,
        redisOptions: { ...options, username, password, tls },
      }),
    );
    await cluster.connect();
    return { ok: true, masters: cluster.nodes('master').map(listen), close };
  } catch (error) {
    close();
    return { ok: false, reason: `no connection to Redis: ${errorMessage(last ?? error)}` };
  }
}
