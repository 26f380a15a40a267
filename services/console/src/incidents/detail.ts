import { now, type Db, type Sql } from '@nightshift/db';
import { findIncident, readKillSwitch, timeline } from '@nightshift/lifecycle';
import { NightshiftError, type Incident } from '@nightshift/types';
import type { IncidentDetail, RecoveryRule, ShownAnomaly } from '../wire.ts';
import { readApproval } from './approval.ts';
import { causeOf } from './cause.ts';
import { nextStepOf } from './next-step.ts';
import { readPoints } from './points.ts';
import { recoveryOf, type Fresh } from './recovery.ts';
import * as rows from './rows.ts';

/** Everything about one incident, as the page shows it. Throws NOT_FOUND. */
export async function readIncident(db: Db, id: string, rule: RecoveryRule | null): Promise<IncidentDetail> {
  const incident = await findIncident(db, id);
  if (!incident) throw new NightshiftError('NOT_FOUND', `there is no incident ${id}`);
  const [anomalies, diagnostics, actions, approval, notifications] = await Promise.all([
    rows.readAnomalies(db, id),
    rows.readDiagnostics(db, id),
    rows.readActions(db, id),
    readApproval(db, id),
    rows.readNotifications(db, id),
  ]);
  const [escalation, deployments, series, similar, postmortem, events, killSwitch, at] = await Promise.all([
    rows.readEscalation(db, id),
    rows.readDeployments(db, incident),
    rows.readSeries(db, id),
    rows.readSimilar(db, incident),
    rows.readPostmortem(db, id),
    timeline(db, id),
    readKillSwitch(db),
    now(db),
  ]);
  const [first] = series;
  const points = first ? await readPoints(db, id, first.seriesId, 0) : null;
  const plan =
    approval && ['pending', 'approved', 'used'].includes(approval.state) ? approval.summary : planSummary(events);
  return {
    now: at,
    incident,
    cause: causeOf({ incident, anomalies, diagnostics, deployments }),
    next: nextStepOf({ incident, killSwitchOn: killSwitch.on, plan, climb: escalation }),
    timeline: events,
    diagnostics,
    actions,
    approval,
    anomalies,
    notifications,
    escalation,
    deployments,
    series: series.map((each, i) => ({ ...each, points: i === 0 ? points : null })),
    recovery: await readRecovery(db, incident, anomalies, rule),
    similar,
    postmortem,
  };
}

function planSummary(events: IncidentDetail['timeline']): string | null {
  const event = events.findLast(({ event: { kind } }) => kind === 'runbook_chosen')?.event;
  return event?.kind === 'runbook_chosen' ? event.summary : null;
}

/** Samples since the last action (or the opening), only while somebody waits for them. */
async function readRecovery(
  sql: Sql,
  incident: Incident,
  anomalies: ShownAnomaly[],
  rule: RecoveryRule | null,
): Promise<IncidentDetail['recovery']> {
  if (incident.state !== 'verifying' && incident.state !== 'escalated') return null;
  const fresh = await sql.query<Fresh>(
    `SELECT series_id AS "seriesId", at, value FROM point WHERE incident_id = $1 AND at > ms($2) AND series_id = ANY ($3::bigint[])
      ORDER BY at DESC LIMIT 5000`,
    [incident.id, incident.actedAt ?? incident.openedAt, anomalies.map(({ seriesId }) => seriesId)],
  );
  return { series: recoveryOf(latestPerSeries(anomalies), fresh.reverse()), rule };
}

/** A series may have had several episodes: the band of the last one counts. */
function latestPerSeries(anomalies: ShownAnomaly[]): ShownAnomaly[] {
  const latest = new Map<number, ShownAnomaly>();
  for (const anomaly of anomalies) {
    const known = latest.get(anomaly.seriesId);
    if (!known || known.startedAt < anomaly.startedAt) latest.set(anomaly.seriesId, anomaly);
  }
  return [...latest.values()];
}
