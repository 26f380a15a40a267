import { now, only, type Db, type Sql } from '@nightshift/db';
import { NewSilence, NightshiftError, silenceLimits, type Silence } from '@nightshift/types';

const columns = `id, service, metric, labels, starts_at AS "startsAt", ends_at AS "endsAt", by, reason, created_at AS "createdAt",
  ended_at AS "endedAt", ended_by AS "endedBy"`;

/** Silences that are in force at the database's time. */
export const silencesInForce = (sql: Sql): Promise<Silence[]> =>
  sql.query<Silence>(
    `SELECT ${columns} FROM silence
      WHERE ended_at IS NULL AND starts_at <= nightshift_now() AND ends_at > nightshift_now() ORDER BY id LIMIT $1`,
    [silenceLimits.inForce],
  );

/** Silences to come and in force, and those that were over no longer than `sinceMs` ago; the newest first. */
export const listSilences = (sql: Sql, sinceMs: number): Promise<Silence[]> =>
  sql.query<Silence>(
    `SELECT ${columns} FROM silence
      WHERE coalesce(ended_at, ends_at) > nightshift_now() - $1 * interval '1 millisecond' ORDER BY id DESC LIMIT $2`,
    [sinceMs, silenceLimits.inForce],
  );

/** Adds a silence. Throws BODY_INVALID where it has no end, a past or too distant one, or there are too many. */
export async function addSilence(db: Db, given: NewSilence, by: string): Promise<Silence> {
  const { service, metric, labels, endsAt, reason, startsAt } = NewSilence.parse(given);
  return db.tx(async (tx) => {
    const at = Math.round(await now(tx));
    const from = Math.max(startsAt ?? at, at);
    const refuse = (message: string) => new NightshiftError('BODY_INVALID', message);
    if (endsAt <= from) throw refuse('endsAt: must lie after the start and after now');
    if (endsAt - from > silenceLimits.longestMs)
      throw refuse(`endsAt: a silence lasts at most ${silenceLimits.longestMs / 86_400_000} days; renew it if it must`);
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('nightshift silences', 0))`);
    const [counted] = await tx.query<{ count: number }>(
      'SELECT count(*) FROM silence WHERE ended_at IS NULL AND ends_at > nightshift_now()',
    );
    if (counted!.count >= silenceLimits.inForce)
      throw refuse(`there are ${silenceLimits.inForce} silences already: end some`);
    const rows = await tx.query<Silence>(
      `INSERT INTO silence (service, metric, labels, starts_at, ends_at, by, reason) VALUES ($1, $2, $3, ms($4), ms($5), $6, $7) RETURNING ${columns}`,
      [service ?? null, metric ?? null, labels, from, endsAt, by, reason],
    );
    return only(rows);
  });
}

/** Ends a silence now. Throws NOT_FOUND where there is none of that id that is not over. */
export async function endSilence(sql: Sql, id: number, by: string): Promise<Silence> {
  const [ended] = await sql.query<Silence>(
    `UPDATE silence SET ended_at = nightshift_now(), ended_by = $2
      WHERE id = $1 AND ended_at IS NULL AND ends_at > nightshift_now() RETURNING ${columns}`,
    [id, by],
  );
  if (!ended) throw new NightshiftError('NOT_FOUND', `there is no silence ${id} that is not over`);
  return ended;
}
