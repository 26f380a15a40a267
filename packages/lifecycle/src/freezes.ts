import { now, only, type Db, type Sql, type Tx } from '@nightshift/db';
import { freezeLimits, freezeMistake, NewFreeze, NightshiftError, type Freeze } from '@nightshift/types';
import { closeGate } from './kill-switch.ts';

const columns = `id, service, starts_at AS "startsAt", ends_at AS "endsAt", by, reason, created_at AS "createdAt",
  ended_at AS "endedAt", ended_by AS "endedBy"`;

/** Declared freezes that are in force at the database's time. */
export const declaredFreezes = (sql: Sql): Promise<Freeze[]> =>
  sql.query<Freeze>(
    `SELECT ${columns} FROM change_freeze
      WHERE ended_at IS NULL AND starts_at <= nightshift_now() AND ends_at > nightshift_now() ORDER BY id LIMIT $1`,
    [freezeLimits.inForce],
  );

/** Declared freezes to come and in force, and those that were over no longer than `sinceMs` ago; the newest first. */
export const listFreezes = (sql: Sql, sinceMs: number): Promise<Freeze[]> =>
  sql.query<Freeze>(
    `SELECT ${columns} FROM change_freeze
      WHERE coalesce(ended_at, ends_at) > nightshift_now() - $1 * interval '1 millisecond' ORDER BY id DESC LIMIT $2`,
    [sinceMs, freezeLimits.inForce],
  );

/** Adds a freeze: no admission that did not see it commits after it. Throws BODY_INVALID where it has no fit end, or there are too many. */
export async function addFreeze(db: Db, given: NewFreeze, by: string): Promise<Freeze> {
  const { service, endsAt, reason, startsAt } = NewFreeze.parse(given);
  return db.tx(async (tx) => {
    await closeGate(tx);
    const at = Math.round(await now(tx));
    const from = Math.max(startsAt ?? at, at);
    const mistake = freezeMistake(from, endsAt) ?? (await tooMany(tx));
    if (mistake) throw new NightshiftError('BODY_INVALID', mistake);
    return only(
      await tx.query<Freeze>(
        `INSERT INTO change_freeze (service, starts_at, ends_at, by, reason) VALUES ($1, ms($2), ms($3), $4, $5) RETURNING ${columns}`,
        [service ?? null, from, endsAt, by, reason],
      ),
    );
  });
}

async function tooMany(tx: Tx): Promise<string | null> {
  const { count } = only(
    await tx.query<{ count: number }>(
      'SELECT count(*) FROM change_freeze WHERE ended_at IS NULL AND ends_at > nightshift_now()',
    ),
  );
  return count < freezeLimits.inForce ? null : `there are ${freezeLimits.inForce} freezes already: end some`;
}

/** Ends a freeze now. Throws NOT_FOUND where there is none of that id that is not over. */
export async function endFreeze(sql: Sql, id: number, by: string): Promise<Freeze> {
  const [ended] = await sql.query<Freeze>(
    `UPDATE change_freeze SET ended_at = nightshift_now(), ended_by = $2
      WHERE id = $1 AND ended_at IS NULL AND ends_at > nightshift_now() RETURNING ${columns}`,
    [id, by],
  );
  if (!ended) throw new NightshiftError('NOT_FOUND', `there is no freeze ${id} that is not over`);
  return ended;
}
