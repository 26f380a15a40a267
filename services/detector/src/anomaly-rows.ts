import type { Sql, Tx } from '@nightshift/db';
import type { Direction, Labels, Severity } from '@nightshift/types';
import type { Episode } from './episodes.ts';

/** An anomaly of a service, recent enough to count, with the incident that it belongs to already. */
export type RecentAnomaly = {
  id: number;
  seriesId: number;
  service: string;
  metric: string;
  labels: Labels;
  startedAt: number;
  lastAt: number;
  value: number;
  expected: number;
  score: number;
  severity: Severity;
  direction: Direction;
  /** In words, where a person's own rule says that it is one. */
  declared: string | null;
  incidentId: string | null;
};

/** Writes episodes. Returns the ids of new rows that run, by series. */
export async function writeEpisodes(tx: Tx, episodes: Episode[]): Promise<Map<number, number>> {
  await updateEpisodes(
    tx,
    episodes.filter((episode) => episode.rowId !== null),
  );
  return insertEpisodes(
    tx,
    episodes.filter((episode) => episode.rowId === null),
  );
}

async function updateEpisodes(tx: Tx, episodes: Episode[]): Promise<void> {
  if (episodes.length === 0) return;
  await tx.query(
    `UPDATE anomaly a SET last_at = greatest(a.last_at, ms(e.last_at)), ended_at = ms(e.ended_at), value = e.value, score = e.score,
            severity = e.severity, direction = e.direction, reason = e.reason
       FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::float8[], $5::float8[], $6::text[], $7::text[], $8::text[])
         AS e (id, last_at, ended_at, value, score, severity, direction, reason)
      WHERE a.id = e.id AND a.ended_at IS NULL`,
    columns(episodes, ['rowId', 'lastAt', 'endedAt', 'value', 'score', 'severity', 'direction', 'reason']),
  );
}

async function insertEpisodes(tx: Tx, episodes: Episode[]): Promise<Map<number, number>> {
  if (episodes.length === 0) return new Map();
  const rows = await tx.query<{ id: number; seriesId: number; endedAt: number | null }>(
    `INSERT INTO anomaly AS a (series_id, service, started_at, last_at, ended_at, value, expected, low, high, score, severity, direction, reason)
     SELECT series_id, service, ms(started_at), ms(last_at), ms(ended_at), value, expected, low, high, score, severity, direction, reason
       FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::float8[], $7::float8[], $8::float8[],
                   $9::float8[], $10::float8[], $11::text[], $12::text[], $13::text[])
         AS e (series_id, service, started_at, last_at, ended_at, value, expected, low, high, score, severity, direction, reason)
     ON CONFLICT (series_id) WHERE ended_at IS NULL DO UPDATE SET last_at = greatest(a.last_at, excluded.last_at)
     RETURNING id, series_id AS "seriesId", ended_at AS "endedAt"`,
    columns(episodes, [
      'seriesId',
      'service',
      'startedAt',
      'lastAt',
      'endedAt',
      'value',
      'expected',
      'low',
      'high',
      'score',
      'severity',
      'direction',
      'reason',
    ]),
  );
  return new Map(rows.filter((row) => row.endedAt === null).map((row) => [row.seriesId, row.id]));
}

const columns = (episodes: Episode[], keys: (keyof Episode)[]) =>
  keys.map((key) => episodes.map((episode) => episode[key]));

/** The episodes that an earlier owner of the shard left running. */
export async function runningEpisodes(sql: Sql, shard: number, shardCount: number): Promise<Episode[]> {
  const rows = await sql.query<Omit<Episode, 'silent'>>(
    `SELECT a.id AS "rowId", a.series_id AS "seriesId", a.service, s.name AS metric, a.started_at AS "startedAt", a.last_at AS "lastAt",
            a.ended_at AS "endedAt", a.value, a.expected, a.low, a.high, a.score, a.severity, a.direction, a.reason
       FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.ended_at IS NULL AND a.series_id % $2 = $1`,
    [shard, shardCount],
  );
  return rows.map((row) => ({ ...row, silent: false }));
}

/** What was anomalous of a service since `since`, leaving out what an incident that is over has dealt with. */
export function recentAnomalies(tx: Tx, service: string, since: number): Promise<RecentAnomaly[]> {
  return tx.query<RecentAnomaly>(
    `SELECT a.id, a.series_id AS "seriesId", a.service, s.name AS metric, s.labels, a.started_at AS "startedAt", a.last_at AS "lastAt",
            a.value, a.expected, a.score, a.severity, a.direction, a.reason AS declared, a.incident_id AS "incidentId"
       FROM anomaly a JOIN series s ON s.id = a.series_id
      WHERE a.service = $1 AND a.last_at > ms($2)
        AND a.last_at > coalesce((SELECT max(e.at) FROM event e JOIN incident i ON i.id = e.incident_id
                                   WHERE i.fingerprint = 'service:' || $1 AND e.to_state = 'resolved'), '-infinity')
        AND NOT EXISTS (SELECT FROM incident i WHERE i.id = a.incident_id AND a.last_at <= i.resolved_at)
      ORDER BY a.id`,
    [service, since],
  );
}

export async function linkAnomalies(tx: Tx, incidentId: string, ids: number[]): Promise<void> {
  await tx.query('UPDATE anomaly SET incident_id = $1 WHERE id = ANY ($2::bigint[])', [incidentId, ids]);
}

/** The series of an incident; of one that was reopened, those since. */
export async function incidentSeries(tx: Tx, incidentId: string): Promise<Set<number>> {
  const rows = await tx.query<{ seriesId: number }>(
    `SELECT DISTINCT a.series_id AS "seriesId" FROM anomaly a WHERE a.incident_id = $1
        AND a.last_at > coalesce((SELECT max(at) FROM event WHERE incident_id = $1 AND to_state = 'resolved'), '-infinity')`,
    [incidentId],
  );
  return new Set(rows.map(({ seriesId }) => seriesId));
}
