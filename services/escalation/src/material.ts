import { now, type Sql } from '@nightshift/db';
import { timeline } from '@nightshift/lifecycle';
import type { Incident } from '@nightshift/types';
import type { Material } from './page.ts';

/** Reads what a page is written from. A part that cannot be read is reported and left empty: nothing may keep a page from going out. */
export async function gather(sql: Sql, incident: Incident, onError: (error: unknown) => void): Promise<Material> {
  const orEmpty = async <T>(reading: Promise<T[]>): Promise<T[]> =>
    reading.catch((error: unknown) => {
      onError(error);
      return [];
    });
  const [at, anomalies, diagnostics, actions, entries] = await Promise.all([
    now(sql),
    orEmpty(readAnomalies(sql, incident.id)),
    orEmpty(readDiagnostics(sql, incident.id)),
    orEmpty(readActions(sql, incident.id)),
    orEmpty(timeline(sql, incident.id)),
  ]);
  return { incident, at, anomalies, diagnostics, actions, timeline: entries };
}

const readAnomalies = (sql: Sql, incidentId: string) =>
  sql.query<Material['anomalies'][number]>(
    `SELECT s.name AS metric, a.value, a.expected, a.severity FROM anomaly a JOIN series s ON s.id = a.series_id
      WHERE a.incident_id = $1 ORDER BY a.score DESC LIMIT 20`,
    [incidentId],
  );

const readDiagnostics = (sql: Sql, incidentId: string) =>
  sql.query<Material['diagnostics'][number]>(
    `SELECT check_name AS "check", target, status, facts, output FROM diagnostic
      WHERE incident_id = $1 AND generation = (SELECT max(generation) FROM diagnostic WHERE incident_id = $1) ORDER BY check_name, target`,
    [incidentId],
  );

const readActions = (sql: Sql, incidentId: string) =>
  sql.query<Material['actions'][number]>(
    `SELECT type, target, state, coalesce(planned->>'summary', type) AS summary, detail FROM action
      WHERE incident_id = $1 ORDER BY generation, step`,
    [incidentId],
  );
