import type { PastAnomaly, PastIncident } from '@nightshift/backtest';
import type { Db } from '@nightshift/db';

/** The most that is read of the past; the newest first. */
const mostAnomalies = 50_000;

type Row = Omit<PastIncident, 'anomalies'> & PastAnomaly;

/** Incidents of the last days with the anomalies of their own service; those without any (raised by others' alerts) are left out. */
export async function pastIncidents(db: Db, days: number): Promise<PastIncident[]> {
  const rows = await db.query<Row>(
    `SELECT i.id, i.service, i.opened_at AS "openedAt", i.resolution IS NOT DISTINCT FROM 'false_positive' AS "falsePositive",
            (SELECT count(*) FROM series WHERE service = i.service) AS "judgedSeries", s.name AS metric, s.labels, a.series_id AS "seriesId",
            a.started_at AS "startedAt", a.last_at AS "lastAt", a.value, a.expected, a.low, a.high, a.score, a.severity, a.reason AS declared
       FROM incident i JOIN anomaly a ON a.incident_id = i.id AND a.service = i.service JOIN series s ON s.id = a.series_id
      WHERE i.opened_at > nightshift_now() - $1 * interval '1 day' ORDER BY i.opened_at DESC, i.id, a.id LIMIT ${mostAnomalies}`,
    [days],
  );
  const found = new Map<string, PastIncident>();
  for (const { id, openedAt, falsePositive, judgedSeries, ...anomaly } of rows) {
    const { service } = anomaly;
    const incident = found.get(id) ?? { id, service, openedAt, falsePositive, judgedSeries, anomalies: [] };
    incident.anomalies.push(anomaly);
    found.set(id, incident);
  }
  return [...found.values()].toReversed();
}
