import {
  correlate,
  evidenceWindow,
  youth,
  type EvidenceTail,
  type EvidenceWindow,
  type Signal,
} from '@nightshift/detection';
import {
  classify,
  stateDeadlinesMs,
  type ClassificationRules,
  type DetectionConfig,
  type IncidentType,
  type Severity,
} from '@nightshift/types';
import type { Evidence, Evident } from './evidence.ts';
import type { SeriesName } from './series.ts';

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

type Episode = Signal & Evident;
type Incident = Omit<ReplayedIncident, 'series' | 'type' | 'severity'> & { worst: Map<number, Episode> };
type Service = {
  name: string;
  judged: number;
  /** When its series began. */
  since: number[];
  episodes: Map<number, Episode>;
  evidence: EvidenceWindow;
  tail: EvidenceTail | null;
  incident: Incident | null;
};
type Terms = {
  config: DetectionConfig;
  classification: ClassificationRules;
  series: readonly PacedSeries[];
  found: Incident[];
};

/**
 * Lets anomalies become incidents by the step that the detector service takes, at each time at which one is seen. An incident is
 * over when nothing of its service was off for as long as a proof of recovery takes; what opens again within the time for which a
 * resolved incident can be reopened is the same one. Services stand alone. Pure.
 */
export function incidentsOf(
  evidence: Evidence,
  series: readonly PacedSeries[],
  config: DetectionConfig,
  classification: ClassificationRules,
): ReplayedIncident[] {
  const services = servicesOf(series, config.composite.windowSeconds * 1_000);
  const terms: Terms = { config, classification, series, found: [] };
  let [now, touched] = [NaN, new Set<Service>()];
  const settleAll = () => {
    for (const service of touched) settle(service, now, terms);
    touched = new Set();
  };
  for (const sample of evidence.inOrder()) {
    if (sample.at !== now) settleAll();
    now = sample.at;
    const { service: name, metric } = series[sample.seriesId - 1]!;
    const service = services.get(name)!;
    service.evidence.note(sample.seriesId, now, sample.evidence);
    if (Number.isNaN(sample.startedAt)) continue;
    follow(service, { ...sample, service: name, metric, lastAt: now });
    touched.add(service);
  }
  settleAll();
  return terms.found.map((incident) => finished(incident, terms)).toSorted((a, b) => a.openedAt - b.openedAt);
}

function servicesOf(series: readonly PacedSeries[], windowMs: number): Map<string, Service> {
  const services = new Map<string, Service>();
  for (const { service: name, createdAt } of series) {
    let service = services.get(name);
    if (!service) {
      const evidence = evidenceWindow(windowMs);
      services.set(
        name,
        (service = { name, judged: 0, since: [], episodes: new Map(), evidence, tail: null, incident: null }),
      );
    }
    service.judged++;
    if (createdAt !== undefined) service.since.push(createdAt);
  }
  return services;
}

/** An episode goes on, gets worse, or begins. */
function follow({ episodes }: Service, seen: Episode): void {
  const known = episodes.get(seen.seriesId);
  const goesOn = known?.startedAt === seen.startedAt;
  if (goesOn && seen.score <= known.score) known.lastAt = seen.at;
  else episodes.set(seen.seriesId, seen);
}

/** What the anomalies of one service mean now: they join, open, reopen, or nothing. */
function settle(service: Service, now: number, { config, classification, series, found }: Terms): void {
  const { name, judged, since, episodes, incident } = service;
  const rule = config.composite;
  const windowMs = rule.windowSeconds * 1_000;
  for (const [id, { lastAt }] of episodes) if (now - lastAt >= windowMs) episodes.delete(id);
  const overAt = incident ? recoveredAt(incident, config, series) : -Infinity;
  const isOpen = incident !== null && now <= overAt;
  const { action, reason, counted, tail } = correlate({
    service: name,
    now,
    rule,
    // What an incident that is over has dealt with does not count again, and a sum does not say when it was seen.
    signals: [...episodes.values()].filter((episode) => isOpen || episode.lastAt > overAt),
    judgedSeries: judged,
    youngSeries: since.reduce((sum, each) => sum + youth(now - each), 0),
    evidence: !isOpen && overAt > now - windowMs ? 0 : service.evidence.sum(now),
    tail: service.tail,
    open: isOpen ? { id: name, service: name, onsetAt: incident.onsetAt } : null,
    causes: [],
    ended: null,
    silencedBy: () => null,
    speaksOf: ({ seriesId }) => classify(classification, [series[seriesId - 1]!]).type,
  });
  service.tail = tail;
  if (action === 'none') return;
  if (action === 'join') return join(incident!, counted, now);
  if (incident && now <= overAt + stateDeadlinesMs.resolved) {
    incident.reopened++;
    return join(incident, counted, now);
  }
  const onsetAt = Math.min(...counted.map((episode) => episode.startedAt));
  const opened: Incident = {
    service: name,
    reason,
    onsetAt,
    openedAt: now,
    lastAt: now,
    reopened: 0,
    worst: new Map(),
  };
  service.incident = opened;
  found.push(opened);
  join(opened, counted, now);
}

/** The hold, and the samples inside the band that recovery asks for: of slow series these take longer. */
function recoveredAt(
  { lastAt, worst }: Incident,
  { recovery }: DetectionConfig,
  series: readonly PacedSeries[],
): number {
  const slowestMs = Math.max(...[...worst.keys()].map((id) => series[id - 1]!.stepMs));
  return lastAt + Math.max(recovery.holdSeconds * 1_000, recovery.minSamples * slowestMs);
}

function join(incident: Incident, episodes: Iterable<Episode>, now: number): void {
  incident.lastAt = now;
  for (const episode of episodes) {
    const known = incident.worst.get(episode.seriesId);
    if (!known || episode.score > known.score) incident.worst.set(episode.seriesId, { ...episode });
  }
}

function finished({ worst, ...rest }: Incident, { series, classification }: Terms): ReplayedIncident {
  const listed = [...worst.values()]
    .toSorted((a, b) => b.score - a.score)
    .map(({ seriesId, value, expected, score, severity }) => {
      const { service, metric, labels } = series[seriesId - 1]!;
      return { service, metric, labels, value, expected, score, severity };
    });
  return {
    ...rest,
    type: classify(classification, listed).type,
    severity: listed.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning',
    series: listed,
  };
}
