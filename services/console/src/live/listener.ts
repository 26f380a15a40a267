import type { Db } from '@nightshift/db';
import { startLoop } from '@nightshift/lifecycle';
import { newTimeline } from './timeline.ts';

/** What the page follows: incidents to which something happened, and switches thrown in a console. */
export type Heard = { kind: 'incident'; id: string } | { kind: 'setting' };

export type Listener = { close(): Promise<void> };

type Connection = Awaited<ReturnType<Db['dedicated']>>;

const settingChannel = 'nightshift_setting';
const lookMs = 500;
const answerMs = 5_000;
const backoffMs = { first: 250, most: 10_000 };

/**
 * Listens for switches on a connection of its own, looks there for what is new on timelines, and takes a new one whenever that breaks or
 * stops answering. What happens meanwhile is not told of, so `onState('up')` means: read again.
 */
export function startListener(options: {
  db: Pick<Db, 'dedicated'>;
  onHeard: (heard: Heard) => void;
  onState: (state: 'up' | 'down') => void;
  onError: (error: unknown) => void;
}): Listener {
  const { db, onHeard, onState, onError } = options;
  let connection: Connection | undefined;
  let timeline = newTimeline();
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
    fresh.on('notification', () => onHeard({ kind: 'setting' }));
    const lost = () => connection === fresh && drop();
    fresh.on('error', lost);
    fresh.on('end', lost);
    await answered(fresh.query(`LISTEN ${settingChannel}`));
    timeline = newTimeline();
    await look(fresh);
    delayMs = backoffMs.first;
    onState('up');
  };

  const look = async (on: Connection) => {
    const ids = await answered(timeline.changed(on));
    if (ids === 'many') onState('up');
    else for (const id of ids) onHeard({ kind: 'incident', id });
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
        if (connection) await look(connection);
        else await connect();
        if (!closed) await pause(lookMs);
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
