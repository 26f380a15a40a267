import { classify, evaluateComposite, type Signal } from '@nightshift/detection';
import { stateDeadlinesMs, type DetectionConfig, type IncidentType, type Severity } from '@nightshift/types';
import type { SeriesName } from './series.ts';
import type { AnomalousSample, Signals } from './signals.ts';

/** What was wrong with one series of an incident, at its worst. */
export type IncidentSeries = SeriesName & { value: number; expected: number; score: number; severity: Severity };

/** An incident that would have opened. Times are epoch ms. */
export type ReplayedIncident = {
  service: string;
  type: IncidentType;
  severity: Severity;
  reason: string;
  /** The first sample that was off, the opening, the last sample that was off. */
  onsetAt: number;
  openedAt: number;
  lastAt: number;
  reopened: number;
  series: IncidentSeries[];
};

/** A series, and the usual time between its samples. */
export type PacedSeries = SeriesName & { stepMs: number };

type Episode = Signal & AnomalousSample;
type Service = {
  judged: number;
  episodes: Map<number, Episode>;
  incident: (Omit<ReplayedIncident, 'series' | 'type' | 'severity'> & { worst: Map<number, AnomalousSample> }) | null;
};

/**
 * Lets anomalies become incidents by the composite rule as the detector service does: evaluated at each time at which one is
 * seen. An incident is over when nothing of its service was off for as long as a proof of recovery takes; what opens again
 * within the time for which a resolved incident can be reopened is the same one. Pure.
 */
export function correlate(
  signals: Signals,
  series: readonly PacedSeries[],
  config: DetectionConfig,
): ReplayedIncident[] {
  const services = new Map<string, Service>();
  for (const { service } of series) {
    const known = services.get(service) ?? { judged: 0, episodes: new Map(), incident: null };
    services.set(service, { ...known, judged: known.judged + 1 });
  }
  const found: ReplayedIncident[] = [];
  let [now, touched] = [NaN, new Set<string>()];
  const settleAll = () => {
    for (const service of touched) settle(service, services.get(service)!, now, config, series, found);
    touched = new Set();
  };
  for (const sample of signals.inOrder()) {
    if (sample.at !== now) settleAll();
    now = sample.at;
    const { service, metric } = series[sample.seriesId - 1]!;
    follow(services.get(service)!, { ...sample, service, metric, lastAt: now });
    touched.add(service);
  }
  settleAll();
  for (const { incident } of services.values()) if (incident) found.push(finished(incident, series));
  return found.toSorted((a, b) => a.openedAt - b.openedAt);
}

/** An episode goes on, gets worse, or begins. */
function follow({ episodes }: Service, seen: Episode): void {
  const known = episodes.get(seen.seriesId);
  if (!known || known.startedAt !== seen.startedAt) episodes.set(seen.seriesId, seen);
  else if (seen.score > known.score) episodes.set(seen.seriesId, seen);
  else known.lastAt = known.at = seen.at;
}

/** What the anomalies of one service mean now: they join, open, reopen, or nothing. */
function settle(
  name: string,
  service: Service,
  now: number,
  config: DetectionConfig,
  series: readonly PacedSeries[],
  found: ReplayedIncident[],
): void {
  const { episodes, incident } = service;
  const windowMs = config.composite.windowSeconds * 1_000;
  for (const [id, { lastAt }] of episodes) if (now - lastAt >= windowMs) episodes.delete(id);
  const overAt = incident ? recoveredAt(incident, config, series) : -Infinity;
  if (incident && now <= overAt) return join(incident, episodes.values(), now);
  const fresh = [...episodes.values()].filter((episode) => episode.lastAt > overAt);
  const rule = config.composite;
  const { open, reason, counted } = evaluateComposite({
    service: name,
    signals: fresh,
    judgedSeries: service.judged,
    now,
    rule,
  });
  if (!open) return;
  if (incident && now <= overAt + stateDeadlinesMs.resolved) {
    incident.reopened++;
    return join(incident, counted, now);
  }
  if (incident) found.push(finished(incident, series));
  const onsetAt = Math.min(...counted.map((episode) => episode.startedAt));
  service.incident = { service: name, reason, onsetAt, openedAt: now, lastAt: now, reopened: 0, worst: new Map() };
  join(service.incident, counted, now);
}

/** The hold, and the samples inside the band that recovery asks for: of slow series these take longer. */
function recoveredAt(
  { lastAt, worst }: NonNullable<Service['incident']>,
  { recovery }: DetectionConfig,
  series: readonly PacedSeries[],
): number {
  const slowest = Math.max(...[...worst.keys()].map((id) => series[id - 1]!.stepMs));
  return lastAt + Math.max(recovery.holdSeconds * 1_000, recovery.minSamples * slowest);
}

function join(incident: NonNullable<Service['incident']>, episodes: Iterable<Episode>, now: number): void {
  incident.lastAt = now;
  for (const episode of episodes) {
    const known = incident.worst.get(episode.seriesId);
    if (!known || episode.score > known.score) incident.worst.set(episode.seriesId, { ...episode });
  }
}

function finished(incident: NonNullable<Service['incident']>, series: readonly PacedSeries[]): ReplayedIncident {
  const { worst, ...rest } = incident;
  const listed = [...worst.values()]
    .toSorted((a, b) => b.score - a.score)
    .map(({ seriesId, value, expected, score, severity }) => {
      const { service, metric, labels } = series[seriesId - 1]!;
      return { service, metric, labels, value, expected, score, severity };
    });
  return {
    ...rest,
    type: classify(listed.map(({ metric }) => metric)),
    severity: listed.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    series: listed,
  };
}
