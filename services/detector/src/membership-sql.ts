import { only } from '@nightshift/db';
import type { Session } from './session.ts';

/** Advisory locks of this kind are on shards. */
const lockKind = 20_051;
/** A member whose last beat is older is dead to the others. */
const deadMs = 5_000;

// Beats are of processes, not of incidents: they follow the server's own clock, which no test moves.
const alive = `beat_at > clock_timestamp() - ${deadMs} * interval '1 millisecond'`;

/** Says that we live, and which backend holds our locks. Buries who has been dead for a minute. */
export async function beat(session: Session, memberId: string): Promise<void> {
  await session.query(
    `INSERT INTO member (id, service, pid, beat_at) VALUES ($1, 'detector', pg_backend_pid(), clock_timestamp())
     ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at, pid = excluded.pid`,
    [memberId],
  );
  await session.query(`DELETE FROM member WHERE beat_at < clock_timestamp() - interval '1 minute'`);
}

/** Who lives: it beats, and the server still has its connection (which ends with the process, well before its beats are missed). */
export async function liveMembers(session: Session): Promise<string[]> {
  const rows = await session.query<{ id: string }>(
    `SELECT id FROM member JOIN pg_stat_activity USING (pid) WHERE service = 'detector' AND ${alive} ORDER BY id`,
  );
  return rows.map((row) => row.id);
}

export async function leave(session: Session, memberId: string): Promise<void> {
  await session.query('DELETE FROM member WHERE id = $1', [memberId]);
}

export async function tryLock(session: Session, shard: number): Promise<boolean> {
  return only(
    await session.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', [lockKind, shard]),
  ).taken;
}

export async function unlock(session: Session, shard: number): Promise<void> {
  await session.query('SELECT pg_advisory_unlock($1, $2)', [lockKind, shard]);
}

/** Ends the connection that has a shard's lock, if it is that of a holder who no longer beats. */
export async function evictStopped(session: Session, shard: number): Promise<void> {
  await session.query(
    `SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = $1 AND l.objid = $2 AND l.granted
        AND NOT EXISTS (SELECT 1 FROM member m WHERE m.pid = l.pid AND ${alive})`,
    [lockKind, shard],
  );
}

/**
 * Takes a shard over: from now on no writer with an earlier epoch gets through. Null while such a writer is at work; one that a
 * stopped process left inside a transaction is ended, so that the next try succeeds.
 */
export async function raiseEpoch(session: Session, shard: number, memberId: string): Promise<number | null> {
  const [taken] = await session.query<{ epoch: number }>(
    `UPDATE shard SET epoch = epoch + 1, owner = $2
      WHERE shard = (SELECT shard FROM shard WHERE shard = $1 FOR UPDATE SKIP LOCKED) RETURNING epoch`,
    [shard, memberId],
  );
  if (taken) return taken.epoch;
  await session.query(
    `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a
      WHERE a.datname = current_database() AND a.state LIKE 'idle in transaction%'
        AND a.state_change < clock_timestamp() - ${deadMs} * interval '1 millisecond'
        AND EXISTS (SELECT 1 FROM pg_locks l WHERE l.pid = a.pid AND l.relation = 'shard'::regclass)`,
  );
  return null;
}
