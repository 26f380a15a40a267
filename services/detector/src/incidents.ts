import type { Tx } from '@nightshift/db';
import { correlate, type Decision, type Held } from '@nightshift/detection';
import { findIncident, incidentSignals, isUndecided, raise, stepIn, type Raised } from '@nightshift/lifecycle';
import {
  classify,
  incidentLimits,
  silencedBy,
  type ClassificationRules,
  type DetectionConfig,
  type Incident,
  type IncidentType,
  type Silence,
} from '@nightshift/types';
import { incidentSeries, linkAnomalies, recentAnomalies, type RecentAnomaly } from './anomaly-rows.ts';
import type { Dependencies } from './dependencies.ts';
import { keepTail, readStanding } from './standing.ts';
import { nameSuspects } from './suspects.ts';

const actor = 'detector';

const inWords: Record<IncidentType, string> = {
  service_down: 'down',
  high_error_rate: 'too many errors',
  high_latency: 'too slow',
  resource_exhaustion: 'running out of resources',
  unknown: 'something is off',
};
const titleOf = (service: string, type: IncidentType) => `${service}: ${inWords[type]}`;

/** `dependant`: they joined the incident of a service that theirs depends on. */
export type Settled = { outcome: Raised['outcome'] | 'joined' | 'dependant' | 'nothing'; held: Held<RecentAnomaly>[] };

type Settling = {
  service: string;
  /** Database time. */
  at: number;
  rule: DetectionConfig['composite'];
  /** Metrics that have fallen silent. */
  silent: string[];
  dependencies: Dependencies;
  /** Which say what an incident is. */
  classification: ClassificationRules;
  /** Those in force. */
  silences: readonly Silence[];
};

/**
 * Draws the consequence from a service's anomalies: they join an open incident, open or reopen one, or are not enough. The caller
 * holds the service's lock (`lockServices`), so that shards with news of the same service do not each open one.
 */
export async function settle(tx: Tx, settling: Settling): Promise<Settled> {
  const { service, at, rule, silent, dependencies, classification, silences } = settling;
  const standing = await readStanding(tx, service, at, rule, dependencies.of(service));
  const signals = await recentAnomalies(tx, service, at - rule.windowSeconds * 1_000);
  const quiet = (signal: RecentAnomaly) => silencedBy(silences, signal);
  const speaksOf = (signal: RecentAnomaly) => classify(classification, [signal]).type;
  const decision = correlate({ service, now: at, rule, signals, ...standing, silencedBy: quiet, speaksOf });
  if (decision.tail !== standing.tail) await keepTail(tx, service, decision.tail);
  const { held } = decision;
  if (decision.action === 'none') return { outcome: 'nothing', held };
  if (decision.action === 'join') {
    const incident = standing.open ?? (await findIncident(tx, decision.incidentId!));
    const outcome = await join(tx, incident!, decision.counted, classification);
    return { outcome: outcome === 'joined' && !standing.open ? 'dependant' : outcome, held };
  }
  const raised = await raise(tx, alarmOf(service, decision, silent, classification), actor);
  if (raised.outcome === 'suppressed') {
    const detail = `${raised.incidentId} was called a false positive`;
    const why = decision.counted.map((signal) => ({ signal, because: 'false_positive' as const, detail }));
    return { outcome: 'suppressed', held: [...held, ...why] };
  }
  const linked = decision.counted.slice(0, incidentLimits.seriesPerIncident);
  await linkAnomalies(
    tx,
    raised.incidentId,
    linked.map((anomaly) => anomaly.id),
  );
  await nameSuspects(tx, { incidentId: raised.incidentId, service, at, rule, dependencies });
  return { outcome: raised.outcome, held };
}

/** One transaction at a time per service. In one order everywhere, or two with news of the same two would wait for each other. */
export async function lockServices(tx: Tx, services: Iterable<string>): Promise<string[]> {
  const sorted = [...new Set(services)].sort();
  for (const service of sorted)
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`nightshift incident of ${service}`]);
  return sorted;
}

function alarmOf(
  service: string,
  { counted, reason }: Decision<RecentAnomaly>,
  silent: string[],
  classification: ClassificationRules,
) {
  const classified = classify(classification, counted);
  return {
    service,
    ...classified,
    severity: counted.some((anomaly) => anomaly.severity === 'critical') ? ('critical' as const) : ('warning' as const),
    title: titleOf(service, classified.type),
    onsetAt: Math.min(...counted.map((anomaly) => anomaly.startedAt)),
    reason: silent.length > 0 ? `${reason}; no data any more: ${silent.join(', ')}` : reason,
    anomalies: counted
      .slice(0, incidentLimits.anomaliesListed)
      .map(({ metric, value, expected, severity }) => ({ metric, value, expected, severity })),
  };
}

/** Later anomalies belong to the incident that is open already; each series is told of once. Its own service says what it is. */
async function join(
  tx: Tx,
  incident: Incident,
  counted: RecentAnomaly[],
  classification: ClassificationRules,
): Promise<'joined' | 'open_already' | 'nothing'> {
  const newcomers = counted.filter((anomaly) => anomaly.incidentId !== incident.id);
  if (newcomers.length === 0) return 'open_already';
  const series = await incidentSeries(tx, incident.id);
  let { type } = incident;
  const signals = (await incidentSignals(tx, incident.id)).filter((each) => each.service === incident.service);
  for (const { id, seriesId, service, metric, labels, value, expected, severity } of newcomers) {
    if (!series.has(seriesId)) {
      if (series.size >= incidentLimits.seriesPerIncident) continue;
      const own = service === incident.service;
      if (own) signals.push({ service, metric, labels });
      const seen = own && isUndecided(incident) ? classify(classification, signals) : { type };
      const renamed = seen.type === type ? {} : { ...seen, title: titleOf(incident.service, seen.type) };
      const of = own ? {} : { service };
      const joined = await stepIn(
        tx,
        incident.id,
        { kind: 'anomaly_joined', metric, value, expected, severity, ...of, ...renamed },
        { actor },
      );
      if (!joined.accepted) return 'nothing';
      series.add(seriesId);
      type = seen.type;
    }
    await linkAnomalies(tx, incident.id, [id]);
  }
  return 'joined';
}
