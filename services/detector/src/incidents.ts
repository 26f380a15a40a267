import { only, type Tx } from '@nightshift/db';
import { classify, evaluateComposite, type CompositeResult } from '@nightshift/detection';
import { incidentColumns, raise, stepIn, type Raised } from '@nightshift/lifecycle';
import { Incident, incidentLimits, type DetectionConfig, type IncidentType } from '@nightshift/types';
import { incidentSeries, linkAnomalies, recentAnomalies, type RecentAnomaly } from './anomaly-rows.ts';

const actor = 'detector';

const inWords: Record<IncidentType, string> = {
  service_down: 'down',
  high_error_rate: 'too many errors',
  high_latency: 'too slow',
  resource_exhaustion: 'running out of resources',
  unknown: 'something is off',
};
const titleOf = (service: string, type: IncidentType) => `${service}: ${inWords[type]}`;

export type Settled = Raised['outcome'] | 'joined' | 'nothing';
type Composite = CompositeResult<RecentAnomaly>;

/**
 * Draws the consequence from a service's anomalies: they join its open incident, open or reopen one, or are not enough. One
 * transaction at a time per service, so that shards with news of the same service do not each open one.
 */
export async function settle(
  tx: Tx,
  service: string,
  at: number,
  rule: DetectionConfig['composite'],
  silent: string[],
): Promise<Settled> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`nightshift incident of ${service}`]);
  const signals = await recentAnomalies(tx, service, at - rule.windowSeconds * 1_000);
  const judgedSeries = only(
    await tx.query<{ count: number }>('SELECT count(*) FROM series WHERE service = $1', [service]),
  ).count;
  const composite = evaluateComposite({ service, signals, judgedSeries, now: at, rule });
  const open = await openIncident(tx, service);
  if (open) return join(tx, open, composite.counted);
  if (!composite.open) return 'nothing';
  const raised = await raise(tx, alarmOf(service, composite, silent), actor);
  if (raised.outcome !== 'suppressed') {
    const linked = composite.counted.slice(0, incidentLimits.seriesPerIncident);
    await linkAnomalies(
      tx,
      raised.incidentId,
      linked.map((anomaly) => anomaly.id),
    );
  }
  return raised.outcome;
}

function alarmOf(service: string, { counted, reason }: Composite, silent: string[]) {
  const type = classify(counted.map((anomaly) => anomaly.metric));
  return {
    service,
    type,
    severity: counted.some((anomaly) => anomaly.severity === 'critical') ? ('critical' as const) : ('warning' as const),
    title: titleOf(service, type),
    onsetAt: Math.min(...counted.map((anomaly) => anomaly.startedAt)),
    reason: silent.length > 0 ? `${reason}; no data any more: ${silent.join(', ')}` : reason,
    anomalies: counted
      .slice(0, incidentLimits.anomaliesListed)
      .map(({ metric, value, expected, severity }) => ({ metric, value, expected, severity })),
  };
}

/** Later anomalies belong to the incident that is open already; each series is told of once. */
async function join(tx: Tx, incident: Incident, counted: RecentAnomaly[]): Promise<Settled> {
  const newcomers = counted.filter((anomaly) => anomaly.incidentId !== incident.id);
  if (newcomers.length === 0) return 'open_already';
  const present = await incidentSeries(tx, incident.id);
  const series = new Set(present.map((each) => each.seriesId));
  const metrics = present.map((each) => each.metric);
  for (const { id, seriesId, metric, value, expected, severity } of newcomers) {
    if (!series.has(seriesId)) {
      if (series.size >= incidentLimits.seriesPerIncident) continue;
      metrics.push(metric);
      const type = classify(metrics);
      const renamed = type === incident.type ? {} : { type, title: titleOf(incident.service, type) };
      const joined = await stepIn(
        tx,
        incident.id,
        { kind: 'anomaly_joined', metric, value, expected, severity, ...renamed },
        { actor },
      );
      if (!joined.accepted) return 'nothing';
      series.add(seriesId);
    }
    await linkAnomalies(tx, incident.id, [id]);
  }
  return 'joined';
}

async function openIncident(tx: Tx, service: string): Promise<Incident | null> {
  const [row] = await tx.query(
    `SELECT ${incidentColumns} FROM incident WHERE fingerprint = $1 AND state NOT IN ('resolved', 'closed')`,
    [`service:${service}`],
  );
  return row ? Incident.parse(row) : null;
}
