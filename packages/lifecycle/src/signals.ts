import type { Sql } from '@nightshift/db';
import { incidentLimits, type NamedSignal } from '@nightshift/types';

/** Something that is wrong in an incident, and the service that it is wrong with. */
export type IncidentSignal = NamedSignal & { service: string };

/**
 * What is wrong in an incident: series that are out of their band and alerts that fire, or that were and did since it was opened for
 * the last time. Of one that was reopened, nothing that was over before.
 */
export function incidentSignals(sql: Sql, incidentId: string): Promise<IncidentSignal[]> {
  return sql.query<IncidentSignal>(
    `WITH mark AS (SELECT coalesce(max(at) FILTER (WHERE event->>'kind' IN ('opened', 'reopened')), '-infinity') - interval '2 minutes' AS opened,
                          coalesce(max(at) FILTER (WHERE to_state = 'resolved'), '-infinity') AS resolved FROM event WHERE incident_id = $1)
     SELECT DISTINCT s.service, s.name AS metric, s.labels, false AS alert FROM mark, anomaly a JOIN series s ON s.id = a.series_id
      WHERE a.incident_id = $1 AND a.last_at > mark.resolved AND (a.ended_at IS NULL OR a.started_at > mark.opened)
      UNION
     SELECT service, name, coalesce(labels, '{}'), true FROM mark, alert
      WHERE incident_id = $1 AND (ended_at IS NULL OR (ended_at > mark.resolved AND started_at > mark.opened))
      ORDER BY 4, 1, 2, 3 LIMIT $2`,
    [incidentId, incidentLimits.seriesPerIncident],
  );
}
