import type { Db, Sql, Tx } from '@nightshift/db';
import { newId, type IncidentState, type Page } from '@nightshift/types';
import type { Recipient, Rung } from './on-call.ts';

/** One climb; the rung is what is notified next. */
export type Climb = RungOfClimb & { policy: string };
/** One rung of one climb. */
export type RungOfClimb = Rung & { incidentId: string; generation: number };

const climbColumns = `incident_id AS "incidentId", generation, policy, level, round`;

/** Begins a climb at the foot of the ladder, due now, and ends older ones of the incident. A second call changes nothing. */
export async function beginClimb(tx: Tx, incidentId: string, generation: number, policy: string): Promise<void> {
  await tx.query(`UPDATE escalation SET next_at = NULL WHERE incident_id = $1 AND generation < $2`, [
    incidentId,
    generation,
  ]);
  await tx.query(
    `INSERT INTO escalation (incident_id, generation, policy, level, round, next_at) VALUES ($1, $2, $3, 0, 0, nightshift_now())
     ON CONFLICT DO NOTHING`,
    [incidentId, generation, policy],
  );
}

export const dueClimbs = (sql: Sql, limit: number) =>
  sql.query<Climb>(
    `SELECT ${climbColumns} FROM escalation WHERE next_at <= nightshift_now() ORDER BY next_at LIMIT $1`,
    [limit],
  );

/** The climb, locked, if it is due and nobody else is at it. */
export async function lockDueClimb(tx: Tx, incidentId: string, generation: number): Promise<Climb | null> {
  const [climb] = await tx.query<Climb>(
    `SELECT ${climbColumns} FROM escalation WHERE incident_id = $1 AND generation = $2 AND next_at <= nightshift_now()
        FOR UPDATE SKIP LOCKED`,
    [incidentId, generation],
  );
  return climb ?? null;
}

/** The climb, locked, if it has not ended. */
export async function lockClimb(tx: Tx, incidentId: string, generation: number): Promise<Climb | null> {
  const [climb] = await tx.query<Climb>(
    `SELECT ${climbColumns} FROM escalation WHERE incident_id = $1 AND generation = $2 AND next_at IS NOT NULL FOR UPDATE`,
    [incidentId, generation],
  );
  return climb ?? null;
}

/** Where the climb goes on and after how long, or null: it has ended. */
export async function setRung(tx: Tx, climb: Climb, next: (Rung & { afterMs: number }) | null): Promise<void> {
  await tx.query(
    `UPDATE escalation SET level = $3, round = $4, next_at = nightshift_now() + $5 * interval '1 millisecond'
      WHERE incident_id = $1 AND generation = $2`,
    [climb.incidentId, climb.generation, next?.level ?? climb.level, next?.round ?? climb.round, next?.afterMs ?? null],
  );
}

/** The key that every copy of a page carries. */
const dedupKey = (climb: RungOfClimb, { recipient, channel }: Recipient) =>
  `${climb.incidentId}-${climb.generation}-${climb.round}-${climb.level}-${recipient}-${channel}`;

/** Writes the intent to page; it is due at once. A page that is known stays as it is. */
export async function owePage(tx: Tx, climb: RungOfClimb, to: Recipient, page: Page): Promise<void> {
  await tx.query(
    `INSERT INTO notification (id, dedup_key, incident_id, generation, round, level, channel, recipient, page, state, next_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', nightshift_now()) ON CONFLICT (dedup_key) DO NOTHING`,
    [
      newId('ntf'),
      dedupKey(climb, to),
      climb.incidentId,
      climb.generation,
      climb.round,
      climb.level,
      to.channel,
      to.recipient,
      JSON.stringify(page),
    ],
  );
}

export type Claimed = RungOfClimb & {
  id: string;
  dedupKey: string;
  channel: string;
  recipient: string;
  page: Page;
  attempts: number;
  state: IncidentState;
  acknowledgedBy: string | null;
};

/** Takes due pages for `leaseMs`. Whoever took them and dies: they are due again when the lease is over. */
export const claimPages = (db: Db, limit: number, leaseMs: number) =>
  db.query<Claimed>(
    `UPDATE notification n SET attempts = attempts + 1, next_at = nightshift_now() + $2 * interval '1 millisecond'
       FROM incident i
      WHERE i.id = n.incident_id AND n.id IN (
        SELECT id FROM notification WHERE state = 'pending' AND next_at <= nightshift_now()
         ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED)
      RETURNING n.id, n.dedup_key AS "dedupKey", n.incident_id AS "incidentId", n.generation, n.round, n.level, n.channel, n.recipient,
                n.page, n.attempts, i.state, i.acknowledged_by AS "acknowledgedBy"`,
    [limit, leaseMs],
  );

/** Ends a page; false when another copy of it was recorded before. */
export async function endPage(
  sql: Sql,
  id: string,
  state: 'sent' | 'failed' | 'cancelled',
  error: string | null,
): Promise<boolean> {
  const rows = await sql.query(
    `UPDATE notification SET state = $2, error = $3, sent_at = CASE WHEN $2 = 'sent' THEN nightshift_now() END
      WHERE id = $1 AND state = 'pending' RETURNING id`,
    [id, state, error],
  );
  return rows.length === 1;
}

/** Puts a page off, unless somebody else took it since. */
export async function postponePage(sql: Sql, page: Claimed, afterMs: number, error: string): Promise<void> {
  await sql.query(
    `UPDATE notification SET next_at = nightshift_now() + $3 * interval '1 millisecond', error = $4
      WHERE id = $1 AND attempts = $2 AND state = 'pending'`,
    [page.id, page.attempts, afterMs, error],
  );
}

/** Whether any page of the same rung has reached somebody, or still may, by a channel other than these. */
export async function othersMayReach(sql: Sql, page: Claimed, consoles: string[]): Promise<boolean> {
  const rows = await sql.query(
    `SELECT 1 FROM notification WHERE incident_id = $1 AND generation = $2 AND round = $3 AND level = $4
        AND state IN ('pending', 'sent') AND channel <> ALL ($5) LIMIT 1`,
    [page.incidentId, page.generation, page.round, page.level, consoles],
  );
  return rows.length > 0;
}
