import { now, type Tx } from '@nightshift/db';
import { findIncident, raise, stepIn } from '@nightshift/lifecycle';
import type { Alert } from './alert.ts';

const actor = 'ingest';

/** What became of an alert. Told again, it is `repeated`. */
export type AlertOutcome = 'opened' | 'joined' | 'suppressed' | 'resolved' | 'repeated' | 'unknown';

/**
 * Lets an alert open the incident of its service or join it, or notes that it is over. Goes by the same lock as the detector, so that
 * both open one incident together.
 */
export async function settleAlert(tx: Tx, alert: Alert, sender: string): Promise<AlertOutcome> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`nightshift incident of ${alert.service}`]);
  return alert.endedAt === undefined ? fire(tx, alert, sender) : end(tx, alert, alert.endedAt, sender);
}

/** Ends the alert of a key at `at` (epoch ms), where the word of its end names nothing else of it. */
export async function settleEnd(tx: Tx, key: string, at: number, sender: string): Promise<AlertOutcome> {
  const [firing] = await tx.query<Pick<Alert, 'name' | 'service' | 'severity' | 'summary' | 'startedAt'>>(
    `SELECT name, service, severity, summary, started_at AS "startedAt" FROM alert WHERE key = $1 AND ended_at IS NULL`,
    [key],
  );
  return firing ? settleAlert(tx, { ...firing, key, type: 'unknown', endedAt: at }, sender) : 'unknown';
}

async function fire(tx: Tx, alert: Alert, sender: string): Promise<AlertOutcome> {
  const known = await tx.query(
    `UPDATE alert SET seen_at = nightshift_now() WHERE key = $1 AND (ended_at IS NULL OR started_at = ms($2)) RETURNING id`,
    [alert.key, alert.startedAt],
  );
  if (known.length > 0) return 'repeated';
  const { service, name, severity, type, summary, startedAt } = alert;
  const reason = `${sender} says: ${name}${summary && ` (${summary})`}`;
  // An alert has no value of its own; the series ALERTS of Prometheus is 1 while it fires.
  const anomaly = { metric: name, value: 1, expected: 0, severity };
  const title = `${service}: ${name}`;
  const alarm = { service, type, severity, title, onsetAt: startedAt, reason, anomalies: [anomaly] };
  const { incidentId, outcome } = await raise(tx, alarm, actor);
  if (outcome === 'open_already') await stepIn(tx, incidentId, { kind: 'anomaly_joined', ...anomaly }, { actor });
  if (outcome === 'open_already') await stepIn(tx, incidentId, { kind: 'note', by: sender, text: reason }, { actor });
  await tx.query(
    `INSERT INTO alert (key, name, service, severity, summary, started_at, incident_id) VALUES ($1, $2, $3, $4, $5, ms($6), $7)`,
    [alert.key, name, service, severity, summary, startedAt, incidentId],
  );
  if (outcome === 'suppressed') return 'suppressed';
  return outcome === 'open_already' ? 'joined' : 'opened';
}

async function end(tx: Tx, alert: Alert, endedAt: number, sender: string): Promise<AlertOutcome> {
  const [row] = await tx.query<{ incidentId: string }>(
    `UPDATE alert SET ended_at = greatest(ms($2), started_at), seen_at = nightshift_now()
      WHERE key = $1 AND ended_at IS NULL RETURNING incident_id AS "incidentId"`,
    [alert.key, endedAt],
  );
  if (!row) return 'unknown';
  const { incidentId } = row;
  await stepIn(tx, incidentId, { kind: 'note', by: sender, text: `${alert.name} is resolved` }, { actor });
  await recoverIfAllOver(tx, incidentId, endedAt);
  return 'resolved';
}

/**
 * An incident that alerts alone opened has recovered when the last of them is resolved, by its sender's clock and ours after the last
 * action. Where there are anomalies too, their series must prove it.
 */
async function recoverIfAllOver(tx: Tx, incidentId: string, endedAt: number): Promise<void> {
  const incident = await findIncident(tx, incidentId);
  if (!incident) return;
  const since = incident.actedAt ?? incident.openedAt;
  if (endedAt < since || (await now(tx)) < since) return;
  const [counts] = await tx.query<{ firing: number; over: number; anomalies: number }>(
    `SELECT count(*) FILTER (WHERE ended_at IS NULL) AS firing, count(*) FILTER (WHERE ended_at IS NOT NULL) AS over,
            (SELECT count(*) FROM anomaly WHERE incident_id = $1) AS anomalies
       FROM alert WHERE incident_id = $1`,
    [incidentId],
  );
  if (!counts || counts.firing > 0 || counts.anomalies > 0) return;
  const detail = `resolved is every alert that was told: ${counts.over}`;
  await stepIn(tx, incidentId, { kind: 'recovered', detail, freshSamples: counts.over, since }, { actor });
}
