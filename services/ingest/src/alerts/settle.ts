import { now, type Db, type Tx } from '@nightshift/db';
import {
  findIncident,
  incidentSignals,
  isUndecided,
  noteBreaches,
  raise,
  silencesInForce,
  stepIn,
} from '@nightshift/lifecycle';
import { attemptLimits, classify, silencedBy, type ClassificationRules, type WhyNot } from '@nightshift/types';
import type { Alert } from './alert.ts';

const actor = 'ingest';

/** What became of an alert. Told again, it is `repeated`; `held` is one that a silence covers, until that ends. */
export type AlertOutcome = 'opened' | 'joined' | 'held' | 'suppressed' | 'resolved' | 'repeated' | 'unknown';

/** Who tells of alerts, and by which rules they say what an incident is. */
export type Teller = { sender: string; classification: ClassificationRules };

/**
 * Lets an alert open the incident of its service or join it, or notes that it is over. Goes by the same lock as the detector, so that
 * both open one incident together.
 */
export async function settleAlert(tx: Tx, alert: Alert, by: Teller): Promise<AlertOutcome> {
  await lockService(tx, alert.service);
  return alert.endedAt === undefined ? fire(tx, alert, by) : end(tx, alert, alert.endedAt, by.sender);
}

const lockService = (tx: Tx, service: string) =>
  tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`nightshift incident of ${service}`]);

/** Ends the alert of a key at `at` (epoch ms), where the word of its end names nothing else of it. */
export async function settleEnd(tx: Tx, key: string, at: number, by: Teller): Promise<AlertOutcome> {
  const [firing] = await tx.query<Pick<Alert, 'name' | 'service' | 'severity' | 'summary' | 'startedAt'>>(
    `SELECT name, service, severity, summary, started_at AS "startedAt" FROM alert WHERE key = $1 AND ended_at IS NULL`,
    [key],
  );
  return firing ? settleAlert(tx, { ...firing, key, endedAt: at }, by) : 'unknown';
}

async function fire(tx: Tx, alert: Alert, by: Teller): Promise<AlertOutcome> {
  const known = await tx.query(
    `UPDATE alert SET seen_at = nightshift_now() WHERE key = $1 AND (ended_at IS NULL OR started_at = ms($2)) RETURNING id`,
    [alert.key, alert.startedAt],
  );
  if (known.length > 0) return 'repeated';
  const quiet = await quietedBy(tx, alert);
  if (quiet !== null) {
    await insert(tx, alert, by.sender, null);
    await tellWhyNot(tx, alert, 'silenced', quiet);
    return 'held';
  }
  const { incidentId, outcome } = await enter(tx, alert, by);
  await insert(tx, alert, by.sender, incidentId);
  return outcome;
}

/** Lets an alert open the incident of its service, or join it. */
async function enter(tx: Tx, alert: Alert, by: Teller): Promise<{ incidentId: string; outcome: AlertOutcome }> {
  const { service, name, severity, summary, startedAt } = alert;
  const { sender } = by;
  const reason = `${sender} says: ${name}${summary && ` (${summary})`}`;
  // An alert has no value of its own; the series ALERTS of Prometheus is 1 while it fires.
  const anomaly = { metric: name, value: 1, expected: 0, severity };
  const title = `${service}: ${name}`;
  const classified = classify(by.classification, [signalOf(alert)]);
  const alarm = { service, ...classified, severity, title, onsetAt: startedAt, reason, anomalies: [anomaly] };
  const { incidentId, outcome } = await raise(tx, alarm, actor);
  if (outcome === 'open_already') {
    const changed = await seenWith(tx, incidentId, alert, by);
    await stepIn(tx, incidentId, { kind: 'anomaly_joined', ...anomaly, ...changed }, { actor });
    await stepIn(tx, incidentId, { kind: 'note', by: sender, text: reason }, { actor });
  }
  if (outcome === 'suppressed')
    await tellWhyNot(tx, alert, 'false_positive', `${incidentId} was called a false positive`);
  return { incidentId, outcome: outcome === 'open_already' ? 'joined' : outcome === 'reopened' ? 'opened' : outcome };
}

const signalOf = ({ name, labels = {} }: Alert) => ({ metric: name, labels, alert: true });

/** What an open incident is once an alert has joined it, where that is something else than before. */
async function seenWith(tx: Tx, incidentId: string, alert: Alert, { classification }: Teller) {
  const incident = await findIncident(tx, incidentId);
  if (!incident || !isUndecided(incident)) return {};
  const signals = (await incidentSignals(tx, incidentId)).filter(({ service }) => service === alert.service);
  const classified = classify(classification, [...signals, signalOf(alert)]);
  return classified.type === incident.type ? {} : classified;
}

async function insert(tx: Tx, alert: Alert, sender: string, incidentId: string | null): Promise<void> {
  const { key, name, service, severity, summary, startedAt, labels = {} } = alert;
  await tx.query(
    `INSERT INTO alert (key, name, service, severity, summary, started_at, incident_id, sender, labels)
     VALUES ($1, $2, $3, $4, $5, ms($6), $7, $8, $9)`,
    [key, name, service, severity, summary, startedAt, incidentId, sender, labels],
  );
}

const quietedBy = async (tx: Tx, { service, name, labels = {} }: Alert) =>
  silencedBy(await silencesInForce(tx), { service, metric: name, labels });

async function tellWhyNot(tx: Tx, { service, name }: Alert, because: WhyNot, detail: string): Promise<void> {
  const at = Math.round(await now(tx));
  const breach = { service, metric: name, seriesId: 0, because, detail, times: 1, firstAt: at, lastAt: at };
  await noteBreaches(tx, [breach]);
}

/** Lets alerts enter that were held and that nothing holds any more, if they fire still. Returns how many did. */
export async function enterHeld(db: Db, classification: ClassificationRules): Promise<number> {
  const held = await db.query<Alert & { id: number; sender: string }>(
    `SELECT id, key, name, service, severity, sender, summary, labels, started_at AS "startedAt" FROM alert
      WHERE incident_id IS NULL AND ended_at IS NULL ORDER BY id LIMIT 100`,
  );
  if (held.length === 0) return 0;
  const silences = await silencesInForce(db);
  const free = held.filter(
    ({ service, name, labels = {} }) => !silencedBy(silences, { service, metric: name, labels }),
  );
  for (const alert of free) await db.tx((tx) => enterOne(tx, alert, { sender: alert.sender, classification }));
  return free.length;
}

/** Only one process lets it in, and only if it has not ended meanwhile. */
async function enterOne(tx: Tx, alert: Alert & { id: number }, by: Teller): Promise<void> {
  await lockService(tx, alert.service);
  const [still] = await tx.query(
    'SELECT id FROM alert WHERE id = $1 AND incident_id IS NULL AND ended_at IS NULL FOR UPDATE',
    [alert.id],
  );
  if (!still) return;
  const { incidentId } = await enter(tx, alert, by);
  await tx.query('UPDATE alert SET incident_id = $2 WHERE id = $1', [alert.id, incidentId]);
}

async function end(tx: Tx, alert: Alert, endedAt: number, sender: string): Promise<AlertOutcome> {
  const [row] = await tx.query<{ incidentId: string | null }>(
    `UPDATE alert SET ended_at = greatest(ms($2), started_at), seen_at = nightshift_now()
      WHERE key = $1 AND ended_at IS NULL RETURNING incident_id AS "incidentId"`,
    [alert.key, endedAt],
  );
  if (!row) return 'unknown';
  const { incidentId } = row;
  if (incidentId === null) return 'resolved';
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
  // One that only alerts speak of cannot prove that it is calm: when it has come back too often, a person ends it.
  if (!incident || incident.reopens > attemptLimits.reopens) return;
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
