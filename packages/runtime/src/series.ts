import type { Sql } from '@nightshift/db';
import type { Labels, SeriesState } from '@nightshift/types';

/** How many series each service has, and when the newest of them was first seen (epoch ms). */
export type ServiceSeries = { service: string; series: number; newestAt: number };

const mostServices = 1_000;

/** Every service that sends, the one with the most series first; at most 1,000. Reads an index entry for each series there is. */
export const seriesByService = (sql: Sql): Promise<ServiceSeries[]> =>
  sql.query<ServiceSeries>(
    `SELECT service, count(*) AS series, max(created_at) AS "newestAt" FROM series
      GROUP BY service ORDER BY count(*) DESC, service LIMIT ${mostServices}`,
  );

/**
 * A series as its detector has it: its last sample (of a counter, its rate per second), the band that was expected (null while it learns), and its state.
 * All null until its detector has said so, which takes a second or two from the first question.
 */
export type SeenSeries = {
  id: number;
  name: string;
  labels: Labels;
  service: string;
  createdAt: number;
  at: number | null;
  value: number | null;
  low: number | null;
  high: number | null;
  state: SeriesState | null;
};

export type SeriesPage = { series: SeenSeries[]; next: number | null };
export type SeriesQuestion = { service?: string | undefined; name?: string | undefined; after: number; limit: number };

const lookedAtFor = '1 minute';

/** Series by id after `after`, of one service and with a text in their name where these are given. Asks the detectors about them as well. */
export async function lookAtSeries(sql: Sql, { service, name, after, limit }: SeriesQuestion): Promise<SeriesPage> {
  const rows = await sql.query<SeenSeries>(
    `SELECT s.id, s.name, s.labels, s.service, s.created_at AS "createdAt", l.at, l.value, l.low, l.high, l.state
       FROM series s LEFT JOIN series_look l ON l.series_id = s.id
      WHERE s.id > $1 AND ($2::text IS NULL OR s.service = $2) AND ($3::text IS NULL OR position($3 IN s.name) > 0)
      ORDER BY s.id LIMIT $4`,
    [after, service ?? null, name ?? null, limit + 1],
  );
  const series = rows.slice(0, limit);
  await sql.query(
    `WITH old AS (DELETE FROM series_look WHERE asked_at < nightshift_now() - interval '${lookedAtFor}' AND series_id <> ALL ($1::bigint[]))
     INSERT INTO series_look (series_id) SELECT unnest($1::bigint[]) ORDER BY 1
     ON CONFLICT (series_id) DO UPDATE SET asked_at = nightshift_now()`,
    [series.map(({ id }) => id)],
  );
  return { series, next: rows.length > limit ? series.at(-1)!.id : null };
}
