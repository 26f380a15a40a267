import type { Db, Sql } from '@nightshift/db';
import type { Detector } from '@nightshift/detection';
import { incidentLimits } from '@nightshift/types';

/** A sample of a series that an open incident is about: for its chart, and as evidence of recovery. */
export type Point = {
  incidentId: string;
  seriesId: number;
  at: number;
  value: number;
  expected: number | null;
  low: number | null;
  high: number | null;
};

/** Which incidents each series is watched for. */
export type Watched = ReadonlyMap<number, ReadonlySet<string>>;

/** The series of one shard that belong to incidents which are not over. */
export async function findWatched(sql: Sql, shard: number, shardCount: number): Promise<Watched> {
  const rows = await sql.query<{ incidentId: string; seriesId: number }>(
    `SELECT DISTINCT a.incident_id AS "incidentId", a.series_id AS "seriesId"
       FROM anomaly a JOIN incident i ON i.id = a.incident_id
      WHERE i.state NOT IN ('resolved', 'closed') AND a.series_id % $2 = $1`,
    [shard, shardCount],
  );
  const watched = new Map<number, Set<string>>();
  for (const { incidentId, seriesId } of rows)
    watched.set(seriesId, (watched.get(seriesId) ?? new Set()).add(incidentId));
  return watched;
}

/** The history of what is newly watched. */
export function historyOf(detector: Detector, now: Watched, before: Watched): Point[] {
  return [...now].flatMap(([seriesId, incidents]) =>
    [...incidents]
      .filter((incidentId) => !before.get(seriesId)?.has(incidentId))
      .flatMap((incidentId) => detector.history(seriesId).map((point) => ({ incidentId, seriesId, ...point }))),
  );
}

/** Keeps points; those that are there already stay as they are. */
export async function insertPoints(sql: Sql, points: Point[]): Promise<void> {
  if (points.length === 0) return;
  const column = <K extends keyof Point>(key: K) => points.map((point) => point[key]);
  await sql.query(
    `INSERT INTO point (incident_id, series_id, at, value, expected, low, high)
     SELECT incident_id, series_id, ms(at), value, expected, low, high
       FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::float8[], $5::float8[], $6::float8[], $7::float8[])
         AS p (incident_id, series_id, at, value, expected, low, high)
     ON CONFLICT DO NOTHING`,
    [
      column('incidentId'),
      column('seriesId'),
      column('at'),
      column('value'),
      column('expected'),
      column('low'),
      column('high'),
    ],
  );
}

/** Cuts what an incident keeps of each watched series down to its newest points. */
export async function prunePoints(db: Db, watched: Watched): Promise<void> {
  for (const [seriesId, incidents] of watched) {
    for (const incidentId of incidents) {
      await db.query(
        `DELETE FROM point WHERE incident_id = $1 AND series_id = $2 AND at <= (
           SELECT at FROM point WHERE incident_id = $1 AND series_id = $2 ORDER BY at DESC OFFSET $3 LIMIT 1)`,
        [incidentId, seriesId, incidentLimits.pointsPerSeries],
      );
    }
  }
}
