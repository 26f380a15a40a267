import { only, type Sql, type Tx } from '@nightshift/db';
import type { Direction, Severity } from '@nightshift/types';
import type { Episode } from './episodes.ts';

/** An anomaly of a service, recent enough to count, with the incident that it belongs to already. */
export type RecentAnomaly = {
  id: number;
  seriesId: number;
  service: string;
  metric: string;
  startedAt: number;
  lastAt: number;
  value: number;
  expected: number;
  score: number;
  severity: Severity;
  direction: Direction;
  incidentId: string | null;
};

/** Writes one episode; returns the id of its row. */
export async function writeEpisode(tx: Tx, episode: Episode): Promise<number> {
  const { rowId, lastAt, endedAt, value, score, severity, direction } = episode;
  if (rowId !== null) {
    await tx.query(
      `UPDATE anomaly SET last_at = greatest(last_at, ms($2)), ended_at = ms($3), value = $4, score = $5, severity = $6, direction = $7
        WHERE id = $1 AND ended_at IS NULL`,
      [rowId, lastAt, endedAt, value, score, severity, direction],
    );
    return rowId;
  }
  const { seriesId, service, startedAt, expected, low, high } = episode;
  const rows = await tx.query<{ id: number }>(
    `INSERT INTO anomaly AS a (series_id, service, started_at, last_at, ended_at, value, expected, low, high, score, severity, direction)
     VALUES ($1, $2, ms($3), ms($4), ms($5), $6, $7, $8, $9, $10, $11, $12)
     ON CONFLICT (series_id) WHERE ended_at IS NULL DO UPDATE SET last_at = greatest(a.last_at, excluded.last_at) RETURNING id`,
    [seriesId, service, startedAt, lastAt, endedAt, value, expected, low, high, score, severity, direction],
  );
  return only(rows).id;
}

/** The episodes that an earlier owner of the shard left running. */
export async function runningEpisodes(sql: Sql, shard: number, shardCount: number): Promise<Episode[]> {
  const rows = await sql.query<Omit<Episode, 'silent'>>(
    `SELECT a.id AS "rowId", a.series_id AS "seriesId", a.service, s.name AS metric, a.started_at AS "startedAt", a.last_at AS "lastAt",
            a.ended_at AS "endedAt", a.value, a.expected, a.low, a.high, a.score, a.severity, a.direction
       FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.ended_at IS NULL AND a.series_id % $2 = $1`,
    [shard, shardCount],
  );
  return rows.map((row) => ({ ...row, silent: false }));
}

/** What was anomalous of a service since `since`, leaving out what an incident that is over has dealt with. */
export function recentAnomalies(tx: Tx, service: string, since: number): Promise<RecentAnomaly[]> {
  return tx.query<RecentAnomaly>(
    `SELECT a.id, a.series_id AS "seriesId", a.service, s.name AS metric, a.started_at AS "startedAt", a.last_at AS "lastAt",
            a.value, a.expected, a.score, a.severity, a.direction, a.incident_id AS "incidentId"
       FROM anomaly a JOIN series s ON s.id = a.series_id
      WHERE a.service = $1 AND a.last_at > ms($2)
        AND a.last_at > coalesce((SELECT max(resolved_at) FROM incident WHERE fingerprint = 'service:' || $1), '-infinity')
      ORDER BY a.id`,
    [service, since],
  );
}

export async function linkAnomalies(tx: Tx, incidentId: string, ids: number[]): Promise<void> {
  await tx.query('UPDATE anomaly SET incident_id = $1 WHERE id = ANY ($2::bigint[])', [incidentId, ids]);
}

/** Each series of an incident once, with its metric. */
export function incidentSeries(tx: Tx, incidentId: string): Promise<{ seriesId: number; metric: string }[]> {
  return tx.query(
    `SELECT DISTINCT a.series_id AS "seriesId", s.name AS metric FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.incident_id = $1`,
    [incidentId],
  );
}
