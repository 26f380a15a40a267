import type { Db } from '@nightshift/db';
import { startLoop } from '@nightshift/lifecycle';

/** Channels of Postgres that the page follows: events of incidents, and switches thrown in a console. */
export const channels = { incident: 'nightshift_incident', setting: 'nightshift_setting' } as const;
export type Heard = { kind: keyof typeof channels; payload: string };

export type Listener = { close(): Promise<void> };

type Connection = Awaited<ReturnType<Db['dedicated']>>;

const pingMs = 15_000;
const answerMs = 5_000;
const backoffMs = { first: 250, most: 10_000 };

/**
 * Listens on a connection of its own, and on a new one whenever that breaks or stops answering. What is announced meanwhile is
 * lost, so `onState('up')` means: read again.
 */
export function startListener(options: {
  db: Pick<Db, 'dedicated'>;
  onHeard: (heard: Heard) => void;
  onState: (state: 'up' | 'down') => void;
  onError: (error: unknown) => void;
}): Listener {
  const { db, onHeard, onState, onError } = options;
  let connection: Connection | undefined;
  let closed = false;
  let wake = () => {};
  let delayMs: number = backoffMs.first;

  const drop = () => {
    const broken = connection;
    connection = undefined;
    if (!broken) return;
    broken.removeAllListeners('notification');
    broken.end().catch(() => {});
    if (!closed) onState('down');
    wake();
  };

  const connect = async () => {
    const fresh = await db.dedicated();
    connection = fresh;
    fresh.on('notification', ({ channel, payload }) => {
      const kind = (Object.keys(channels) as Heard['kind'][]).find((key) => channels[key] === channel);
      if (kind) onHeard({ kind, payload: payload ?? '' });
    });
    const lost = () => connection === fresh && drop();
    fresh.on('error', lost);
    fresh.on('end', lost);
    for (const channel of Object.values(channels)) await answered(fresh.query(`LISTEN ${channel}`));
    delayMs = backoffMs.first;
    onState('up');
  };

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const loop = startLoop({
    everyMs: 0,
    onError,
    async round() {
      try {
        if (connection) await answered(connection.query('SELECT 1'));
        else await connect();
        if (!closed) await pause(pingMs);
      } catch (error) {
        drop();
        if (closed) return 'idle';
        onError(error);
        await pause(delayMs);
        delayMs = Math.min(delayMs * 2, backoffMs.most);
      }
      return 'idle';
    },
  });

  return {
    async close() {
      closed = true;
      drop();
      wake();
      await loop.close();
      drop();
    },
  };
}

function answered<T>(query: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Postgres did not answer within ${answerMs} ms`)), answerMs);
    query.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
