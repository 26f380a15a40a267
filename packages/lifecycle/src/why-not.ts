import type { Sql } from '@nightshift/db';
import { whyNotLimits, type WhyNot } from '@nightshift/types';

/** Breaches of one series (0: of none in particular) that opened nothing for one reason. */
export type Breach = {
  service: string;
  metric: string;
  seriesId: number;
  because: WhyNot;
  detail: string;
  times: number;
  firstAt: number;
  lastAt: number;
};

/** Adds to what is known of why breaches opened nothing. */
export async function noteBreaches(sql: Sql, breaches: readonly Breach[]): Promise<void> {
  if (breaches.length === 0) return;
  const column = <K extends keyof Breach>(key: K) => breaches.map((breach) => breach[key]);
  await sql.query(
    `INSERT INTO why_not AS w (service, metric, series_id, because, detail, times, first_at, last_at)
     SELECT service, metric, series_id, because, detail, times, ms(first_at), ms(last_at)
       FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[])
         AS b (service, metric, series_id, because, detail, times, first_at, last_at) ORDER BY 1, 2, 3, 4
     ON CONFLICT (service, metric, series_id, because) DO UPDATE
        SET detail = excluded.detail, times = w.times + excluded.times, last_at = greatest(w.last_at, excluded.last_at)`,
    [
      column('service'),
      column('metric'),
      column('seriesId'),
      column('because'),
      breaches.map(({ detail }) => detail.slice(0, whyNotLimits.detailChars)),
      column('times'),
      breaches.map(({ firstAt }) => Math.trunc(firstAt)),
      breaches.map(({ lastAt }) => Math.trunc(lastAt)),
    ],
  );
}

export type WhyNotQuery = {
  service?: string | undefined;
  metric?: string | undefined;
  sinceMs: number;
  limit?: number;
};

/** Why breaches of the last while opened nothing, the latest first. */
export const readBreaches = (sql: Sql, { service, metric, sinceMs, limit = 100 }: WhyNotQuery) =>
  sql.query<Breach & { labels: Record<string, string> | null }>(
    `SELECT w.service, w.metric, w.series_id AS "seriesId", s.labels, w.because, w.detail, w.times, w.first_at AS "firstAt", w.last_at AS "lastAt"
       FROM why_not w LEFT JOIN series s ON s.id = w.series_id
      WHERE ($1::text IS NULL OR w.service = $1) AND ($2::text IS NULL OR w.metric = $2)
        AND w.last_at > nightshift_now() - $3 * interval '1 millisecond'
      ORDER BY w.last_at DESC, w.times DESC LIMIT $4`,
    [service ?? null, metric ?? null, sinceMs, Math.min(limit, whyNotLimits.perService)],
  );

/** What detectors had no room for within the last while; null: nothing. `detail` is the latest word of it. */
export async function refusedForMemory(sql: Sql, sinceMs: number) {
  type Refused = { times: number; metrics: number; lastAt: number; detail: string };
  const [refused] = await sql.query<Refused>(
    `SELECT sum(times) AS times, count(*) AS metrics, max(last_at) AS "lastAt", (array_agg(detail ORDER BY last_at DESC))[1] AS detail
       FROM why_not WHERE because = 'memory_limit' AND last_at > nightshift_now() - $1 * interval '1 millisecond' HAVING count(*) > 0`,
    [sinceMs],
  );
  return refused ?? null;
}

/** Forgets what is old, and of a service that has more than it may the oldest. */
export async function pruneBreaches(sql: Sql): Promise<void> {
  await sql.query(`DELETE FROM why_not WHERE last_at < nightshift_now() - $1 * interval '1 millisecond'`, [
    whyNotLimits.keptMs,
  ]);
  await sql.query(
    `DELETE FROM why_not w USING (
       SELECT service, metric, series_id, because, row_number() OVER (PARTITION BY service ORDER BY last_at DESC) AS place FROM why_not) o
      WHERE o.place > $1 AND (w.service, w.metric, w.series_id, w.because) = (o.service, o.metric, o.series_id, o.because)`,
    [whyNotLimits.perService],
  );
}
