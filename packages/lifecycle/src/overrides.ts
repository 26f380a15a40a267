import { now, type Db, type Sql } from '@nightshift/db';
import { NewOverride, NightshiftError, scheduleLimits, type OnCallOverride } from '@nightshift/types';

const columns = `id, schedule, person, instead_of AS "insteadOf", starts_at AS "startsAt", ends_at AS "endsAt", reason, by,
  created_at AS "createdAt", exchange, needs, agreed_at AS "agreedAt", ended_at AS "endedAt", ended_by AS "endedBy"`;

/** Overrides that count within a time (epoch ms): agreed to, and not ended. In the order in which they were asked for. */
export const overridesWithin = (sql: Sql, from: number, to: number): Promise<OnCallOverride[]> =>
  sql.query<OnCallOverride>(
    `SELECT ${columns} FROM oncall_override
      WHERE ended_at IS NULL AND (needs IS NULL OR agreed_at IS NOT NULL) AND starts_at < ms($2) AND ends_at > ms($1) ORDER BY id LIMIT $3`,
    [from, to, scheduleLimits.overrides],
  );

/** Overrides that are not over, those that still need somebody's word included. */
export const listOverrides = (sql: Sql): Promise<OnCallOverride[]> =>
  sql.query<OnCallOverride>(
    `SELECT ${columns} FROM oncall_override WHERE ended_at IS NULL AND ends_at > nightshift_now() ORDER BY starts_at, id LIMIT $1`,
    [scheduleLimits.overrides],
  );

/**
 * Asks for one override, or for several that count together. Whoever is put on duty has to agree, unless they ask themselves.
 * Throws BODY_INVALID where more than one other person would have to, where one is over already, or where there are too many.
 */
export async function askOverrides(db: Db, asked: readonly NewOverride[], by: string): Promise<OnCallOverride[]> {
  const parts = asked.map((each) => NewOverride.parse(each));
  const refuse = (message: string) => new NightshiftError('BODY_INVALID', message);
  const others = [...new Set(parts.map(({ person }) => person).filter((person) => person !== by))];
  if (parts.length === 0) throw refuse('overrides: at least one');
  if (others.length > 1) throw refuse(`person: an exchange is with one other person, not with ${others.join(' and ')}`);
  return db.tx(async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('nightshift overrides', 0))`);
    const at = await now(tx);
    if (parts.some(({ endsAt }) => endsAt <= at)) throw refuse('endsAt: must lie after now');
    const open = await listOverrides(tx);
    if (open.length + parts.length > scheduleLimits.overrides)
      throw refuse(`there are ${open.length} overrides already: end some, or write them into the schedule`);
    const [next] = await tx.query<{ id: number }>(
      `SELECT nextval(pg_get_serial_sequence('oncall_override', 'id')) AS id`,
    );
    const added: OnCallOverride[] = [];
    for (const { schedule, person, insteadOf, startsAt, endsAt, reason } of parts)
      added.push(
        ...(await tx.query<OnCallOverride>(
          `INSERT INTO oncall_override (schedule, person, instead_of, starts_at, ends_at, reason, by, exchange, needs)
           VALUES ($1, $2, $3, ms($4), ms($5), $6, $7, $8, $9) RETURNING ${columns}`,
          [schedule, person, insteadOf, startsAt, endsAt, reason, by, next!.id, others[0] ?? null],
        )),
      );
    return added;
  });
}

/** The word of the person who has to agree: an exchange counts from now on, or is over. Throws NOT_FOUND where it waits for none. */
export async function answerOverride(
  sql: Sql,
  exchange: number,
  who: string,
  agree: boolean,
): Promise<OnCallOverride[]> {
  const answered = await sql.query<OnCallOverride>(
    `UPDATE oncall_override SET agreed_at = CASE WHEN $3 THEN nightshift_now() END,
            ended_at = CASE WHEN $3 THEN NULL ELSE nightshift_now() END, ended_by = CASE WHEN $3 THEN NULL ELSE $2 END
      WHERE exchange = $1 AND needs = $2 AND agreed_at IS NULL AND ended_at IS NULL AND ends_at > nightshift_now() RETURNING ${columns}`,
    [exchange, who, agree],
  );
  if (answered.length === 0)
    throw new NightshiftError('NOT_FOUND', `no exchange ${exchange} waits for the word of ${who}`);
  return answered;
}

/** Ends an exchange now. Throws NOT_FOUND where there is none that is not over. */
export async function endOverride(sql: Sql, exchange: number, by: string): Promise<OnCallOverride[]> {
  const ended = await sql.query<OnCallOverride>(
    `UPDATE oncall_override SET ended_at = nightshift_now(), ended_by = $2
      WHERE exchange = $1 AND ended_at IS NULL AND ends_at > nightshift_now() RETURNING ${columns}`,
    [exchange, by],
  );
  if (ended.length === 0) throw new NightshiftError('NOT_FOUND', `there is no exchange ${exchange} that is not over`);
  return ended;
}

/** One event of a calendar: `source` is the same whenever it is read again. */
export type ImportedOverride = Pick<NewOverride, 'person' | 'insteadOf' | 'startsAt' | 'endsAt'> & { source: string };

/**
 * Makes what a calendar says of a schedule from now until `until` (epoch ms) what counts: new events are added, changed ones changed,
 * and those that are gone end. Importing the same again changes nothing.
 */
export async function importOverrides(
  db: Db,
  { schedule, until, by }: { schedule: string; until: number; by: string },
  events: readonly ImportedOverride[],
): Promise<{ added: number; changed: number; ended: number }> {
  if (events.length > scheduleLimits.overrides)
    throw new NightshiftError(
      'BODY_INVALID',
      `it has ${events.length} events, at most ${scheduleLimits.overrides} are taken`,
    );
  return db.tx(async (tx) => {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('nightshift overrides', 0))`);
    const written = await tx.query<{ added: boolean }>(
      `INSERT INTO oncall_override (schedule, person, instead_of, starts_at, ends_at, reason, by, exchange, source)
       SELECT $1, e.person, e."insteadOf", ms(e."startsAt"), ms(e."endsAt"), 'calendar', $2, 0, e.source
         FROM jsonb_to_recordset($3) AS e (person text, "insteadOf" text, "startsAt" bigint, "endsAt" bigint, source text)
       ON CONFLICT (source) DO UPDATE SET person = EXCLUDED.person, instead_of = EXCLUDED.instead_of, starts_at = EXCLUDED.starts_at,
              ends_at = EXCLUDED.ends_at, by = EXCLUDED.by, ended_at = NULL, ended_by = NULL
        WHERE (oncall_override.person, oncall_override.starts_at, oncall_override.ends_at)
              IS DISTINCT FROM (EXCLUDED.person, EXCLUDED.starts_at, EXCLUDED.ends_at) OR oncall_override.ended_at IS NOT NULL
       RETURNING xmax = 0 AS added`,
      [schedule, by, JSON.stringify(events)],
    );
    const gone = await tx.query(
      `UPDATE oncall_override SET ended_at = nightshift_now(), ended_by = $2
        WHERE schedule = $1 AND source IS NOT NULL AND source <> ALL ($3) AND ended_at IS NULL
          AND ends_at > nightshift_now() AND starts_at < ms($4) RETURNING id`,
      [schedule, by, events.map(({ source }) => source), until],
    );
    // Each imported override stands alone: its own number is that of its exchange.
    await tx.query('UPDATE oncall_override SET exchange = id WHERE exchange = 0');
    const added = written.filter((row) => row.added).length;
    return { added, changed: written.length - added, ended: gone.length };
  });
}
