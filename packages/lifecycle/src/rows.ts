import type { Sql, Tx } from '@nightshift/db';
import {
  Incident,
  IncidentEvent,
  NightshiftError,
  TimelineEntry,
  type Incident as IncidentType,
} from '@nightshift/types';

/** Columns of `incident` under the names of the type. */
export const incidentColumns = `id, fingerprint, service, title, type, severity, state, version, generation, decisions, reopens,
  onset_at AS "onsetAt", opened_at AS "openedAt", acted_at AS "actedAt", resolved_at AS "resolvedAt", deadline_at AS "deadlineAt",
  resolution, acknowledged_by AS "acknowledgedBy", acknowledged_at AS "acknowledgedAt", runbook`;

/** The incident as committed, or null. */
export async function findIncident(sql: Sql, id: string): Promise<IncidentType | null> {
  const [row] = await sql.query(`SELECT ${incidentColumns} FROM incident WHERE id = $1`, [id]);
  return row ? Incident.parse(row) : null;
}

/** The incident as committed, with the database's time. Throws NOT_FOUND for an unknown one. */
export async function findIncidentAt(tx: Tx, id: string): Promise<{ incident: IncidentType; at: number }> {
  const text = `SELECT ${incidentColumns}, nightshift_now() AS at FROM incident WHERE id = $1`;
  const [row] = await tx.prepared('incident and time', text, [id]);
  if (!row) throw new NightshiftError('NOT_FOUND', `there is no incident ${id}`);
  const { at, ...columns } = row;
  return { incident: Incident.parse(columns), at: at as number };
}

/** The timeline of an incident, oldest first. */
export async function timeline(sql: Sql, incidentId: string): Promise<TimelineEntry[]> {
  const rows = await sql.query(
    `SELECT incident_id AS "incidentId", seq, at, actor, from_state AS "from", to_state AS "to", event
       FROM event WHERE incident_id = $1 ORDER BY seq`,
    [incidentId],
  );
  return rows.map((row) => TimelineEntry.parse({ ...row, event: IncidentEvent.parse(row['event']) }));
}
