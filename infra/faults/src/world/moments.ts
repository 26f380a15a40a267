import { setTimeout as pause } from 'node:timers/promises';
import type { Db, Tx } from '@nightshift/db';

/** What Postgres shows of the moment at which a process is. All of it is there in production: nothing is built in for it. */
export type Moments = {
  /** The next commit of an event of this kind: the name of the process that made it. Null: none came in time. */
  committed(kind: string, timeoutMs: number): Promise<string | null>;
  close(): Promise<void>;
};

type Waiting = { kind: string; settle: (process: string | null) => void };

/** Listens to the announcement of every event, and asks who made it. */
export async function watchCommits(db: Db): Promise<Moments> {
  let waiting: Waiting | null = null;
  let closed = false;
  let client: Awaited<ReturnType<Db['dedicated']>>;

  const look = async (incidentId: string, backend: number) => {
    const [found] = await db.query<{ kinds: string[]; process: string | null }>(
      `SELECT (SELECT array_agg(kind) FROM (SELECT event->>'kind' AS kind FROM event WHERE incident_id = $1 ORDER BY seq DESC LIMIT 2) AS newest) AS kinds,
              (SELECT application_name FROM pg_stat_activity WHERE pid = $2) AS process`,
      [incidentId, backend],
    );
    if (waiting && found?.process && found.kinds.includes(waiting.kind)) waiting.settle(found.process);
  };
  const listen = async () => {
    client = await db.dedicated();
    client.on('notification', ({ payload, processId }) => {
      if (waiting && payload) look(payload, processId).catch(() => {});
    });
    client.once('end', () => void again());
    await client.query('LISTEN nightshift_incident');
  };
  const again = async () => {
    while (!closed) {
      try {
        return await listen();
      } catch {
        await pause(100); // the database is away: it comes back
      }
    }
  };
  await listen();

  return {
    committed: (kind, timeoutMs) =>
      new Promise((resolve) => {
        const settle = (process: string | null) => {
          clearTimeout(timer);
          waiting = null;
          resolve(process);
        };
        const timer = setTimeout(() => settle(null), timeoutMs);
        waiting = { kind, settle };
      }),
    async close() {
      closed = true;
      await client.end().catch(() => {});
    },
  };
}

/** Holds what `lock` locks until some process of that kind waits for it, then calls `meanwhile` with its name. False: nobody came in time. */
export async function whileWaiting(
  db: Db,
  lock: (tx: Tx) => Promise<unknown>,
  kind: string,
  timeoutMs: number,
  meanwhile: (process: string) => void,
): Promise<boolean> {
  return db.tx(async (tx) => {
    await lock(tx);
    for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(20)) {
      const [stuck] = await db.query<{ process: string }>(
        `SELECT application_name AS process FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name LIKE $1 LIMIT 1`,
        [`${kind}-%`],
      );
      if (!stuck) continue;
      meanwhile(stuck.process);
      return true;
    }
    return false;
  });
}
