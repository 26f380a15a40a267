import { setTimeout as pause } from 'node:timers/promises';
import type { Db, Tx } from '@nightshift/db';

/** What Postgres shows of the moment at which a process is. */
export type Moments = {
  /** The next commit of an event of this kind: the name of the process that made it. Null: none came in time. */
  committed(kind: string, timeoutMs: number): Promise<string | null>;
  close(): Promise<void>;
};

type Waiting = { kind: string; settle: (process: string | null) => void };

/** Only in the database of a run: every event is announced when it is committed, with the name of whose connection it was. */
const announcing = `
  CREATE FUNCTION faults_announce() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_notify('faults_event', (NEW.event->>'kind') || ' ' || current_setting('application_name')); RETURN NULL; END $$;
  CREATE TRIGGER faults_announced AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION faults_announce()`;

export async function watchCommits(db: Db): Promise<Moments> {
  await db.query(announcing);
  let waiting: Waiting | null = null;
  let closed = false;
  let client: Awaited<ReturnType<Db['dedicated']>>;

  const listen = async () => {
    client = await db.dedicated();
    client.on('notification', ({ payload = '' }) => {
      const [kind, process = ''] = payload.split(' ');
      if (waiting && waiting.kind === kind) waiting.settle(process);
    });
    client.once('end', () => void again());
    await client.query('LISTEN faults_event');
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
