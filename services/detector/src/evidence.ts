import type { Sql } from '@nightshift/db';
import { harmfulSides, ruleFor, type WatchedSeries } from '@nightshift/detection';
import type { DetectionConfig, Labels } from '@nightshift/types';

type Row = { seriesId: number; name: string; service: string; labels: Labels; low: number; high: number };

/**
 * The series an incident was opened or joined for, each with the band from before its first anomaly and its points since
 * `since`. A side of the band that is no harm is open: nobody waits for an improvement to go away.
 */
export async function evidence(
  sql: Sql,
  incidentId: string,
  since: number,
  config: DetectionConfig,
): Promise<WatchedSeries[]> {
  const rows = await sql.query<Row>(
    `SELECT DISTINCT ON (a.series_id) a.series_id AS "seriesId", s.name, s.service, s.labels, a.low, a.high
       FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.incident_id = $1 ORDER BY a.series_id, a.started_at, a.id`,
    [incidentId],
  );
  const points = await sql.query<{ seriesId: number; at: number; value: number }>(
    'SELECT series_id AS "seriesId", at, value FROM point WHERE incident_id = $1 AND at > ms($2) ORDER BY at',
    [incidentId, since],
  );
  const pointsOf = new Map(rows.map((row) => [row.seriesId, [] as typeof points]));
  for (const point of points) pointsOf.get(point.seriesId)?.push(point);
  return rows.map(({ seriesId, name, service, labels, low, high }) => {
    const harm = harmfulSides(ruleFor(config, { metric: name, service, labels }));
    return {
      seriesId,
      name,
      low: harm.down ? low : -Infinity,
      high: harm.up ? high : Infinity,
      points: pointsOf.get(seriesId) ?? [],
    };
  });
}
