import { createDetector, createSignals, evidenceScore, type Judgement, type SignalSample } from '@nightshift/detection';
import { seriesKey, type ClassificationRules, type DetectionConfig } from '@nightshift/types';
import { makeEvidence } from './evidence.ts';
import { incidentsOf, type ReplayedIncident } from './incidents.ts';
import { seriesRoles } from './roles.ts';
import type { SeriesName } from './series.ts';

/** Samples through one configuration. Those of a series come in the order they were taken; one series after another will do. */
export type Replay = {
  /** Returns the number of a series, from 1 on in the order of registration. */
  register(series: SeriesName): number;
  /** What is said of a sample; null where it is only a part of what is judged (a bucket of a histogram). */
  observe(id: number, at: number, value: number): Judgement | null;
  /** Judges what came of the samples so far that feed signals. Of signals made of several series, all samples of a time must be in. */
  settle(): void;
  /** Looks for series that have fallen silent, at `now`; silence counts from `since` at the earliest. */
  silence(now: number, since: number): void;
  /** The incidents that would have opened. */
  incidents(): ReplayedIncident[];
};

/** Told of each sample that was made of others, and what was said of it. */
type OnDerived = (series: SeriesName, at: number, judgement: Judgement) => void;

/** Starts with nothing learned. */
export function startReplay(
  config: DetectionConfig,
  classification: ClassificationRules,
  onDerived: OnDerived = () => {},
): Replay {
  const detector = createDetector(config);
  const signals = createSignals();
  const evidence = makeEvidence();
  const roles = seriesRoles(config);
  /** Sent and derived series alike: their places, and the usual time between their samples. */
  const all: (SeriesName & Pace)[] = [];
  const sent: number[] = [];
  const derived = new Map<string, number>();
  const place = ({ service, metric, labels }: SeriesName) =>
    all.push({ service, metric, labels, lastAt: NaN, stepMs: 0 });

  const judge = (id: number, at: number, value: number): Judgement => {
    const { rule } = roles.of(id);
    const verdict = detector.observe(id, all[id - 1]!.metric, at, value, rule);
    if (!verdict.accepted) return verdict;
    const judgement: Judgement = rule.threshold ? signals.limit(id, rule.threshold, at, verdict) : verdict;
    follow(all[id - 1]!, at);
    const isAnomalous = judgement.state === 'anomalous';
    const worth = evidenceScore(config, rule, at, judgement);
    if (isAnomalous || worth > 0) {
      const { score, expected, severity = 'warning', episodeAt, value: judged, reason: declared } = judgement;
      const startedAt = isAnomalous ? (episodeAt ?? at) : NaN;
      evidence.add({
        at,
        seriesId: id,
        evidence: worth,
        startedAt,
        score,
        severity,
        value: judged,
        expected,
        declared,
      });
    }
    return judgement;
  };
  const judgeDerived = ({ name: metric, service, labels, at, value }: SignalSample) => {
    const key = seriesKey(metric, { ...labels, service });
    let id = derived.get(key);
    if (id === undefined) {
      id = place({ service, metric, labels });
      roles.register(id, { name: metric, service, labels });
      derived.set(key, id);
    }
    onDerived(all[id - 1]!, at, judge(id, at, value));
  };
  return {
    register(series) {
      const id = place(series);
      roles.register(id, { name: series.metric, service: series.service, labels: series.labels, said: series.said });
      return sent.push(id);
    },
    observe(number, at, value) {
      const id = sent[number - 1]!;
      const { judged, inputs } = roles.of(id);
      if (inputs) signals.take({ id, createdAt: 0 }, inputs, at, value);
      return judged ? judge(id, at, value) : null;
    },
    silence(now, since) {
      const ruleOf = (id: number) => (roles.of(id).judged ? roles.of(id).rule : undefined);
      for (const silent of detector.silent(now, since, ruleOf)) {
        if (silent.state !== 'no-data') continue;
        const { seriesId, lastAt: startedAt, lastValue: value, expected, score } = silent;
        evidence.add({ at: now, seriesId, evidence: 0, startedAt, score, severity: 'critical', value, expected });
      }
    },
    settle: () => signals.settle().forEach(judgeDerived),
    incidents: () => incidentsOf(evidence, all, config, classification),
  };
}

type Pace = { lastAt: number; stepMs: number };

/** The usual time between two samples: a running mean in which a gap counts as three steps at most. */
function follow(pace: Pace, at: number): void {
  const gap = at - pace.lastAt;
  pace.lastAt = at;
  if (Number.isNaN(gap)) return;
  pace.stepMs = pace.stepMs === 0 ? gap : pace.stepMs + (Math.min(gap, 3 * pace.stepMs) - pace.stepMs) / 8;
}
