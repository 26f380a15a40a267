import { createDetector, evidenceScore, ruleFor, type Rule, type Verdict } from '@nightshift/detection';
import type { DetectionConfig } from '@nightshift/types';
import { incidentsOf, type ReplayedIncident } from './incidents.ts';
import type { SeriesName } from './series.ts';
import { makeSignals } from './signals.ts';

/** Samples through one configuration. Those of a series come in the order they were taken; one series after another will do. */
export type Replay = {
  /** `id` counts from 1, in the order of `register`. */
  observe(id: number, at: number, value: number): Verdict;
  register(series: SeriesName): number;
  /** The incidents that would have opened. */
  incidents(): ReplayedIncident[];
};

/** Starts with nothing learned. Silence is not replayed: recorded samples end, and that means nothing. */
export function startReplay(config: DetectionConfig): Replay {
  const detector = createDetector(config);
  const signals = makeSignals();
  const names: SeriesName[] = [];
  const rules: Rule[] = [];
  const pace: { lastAt: number; stepMs: number }[] = [];
  return {
    register(series) {
      rules.push(ruleFor(config, series, series.said));
      pace.push({ lastAt: NaN, stepMs: 0 });
      return names.push(series);
    },
    observe(id, at, value) {
      const verdict = detector.observe(id, names[id - 1]!.metric, at, value, rules[id - 1]);
      if (verdict.accepted) follow(pace[id - 1]!, at);
      const evidence = verdict.accepted ? evidenceScore(config, rules[id - 1]!, at, verdict) : 0;
      const isAnomalous = verdict.state === 'anomalous';
      if (isAnomalous || evidence > 0) {
        const { score, expected, severity = 'warning', episodeAt, value: judged } = verdict;
        const startedAt = isAnomalous ? (episodeAt ?? at) : NaN;
        signals.add({ at, seriesId: id, evidence, startedAt, score, severity, value: judged, expected });
      }
      return verdict;
    },
    incidents: () =>
      incidentsOf(
        signals,
        names.map((name, i) => ({ ...name, stepMs: pace[i]!.stepMs })),
        config,
      ),
  };
}

/** The usual time between two samples: a running mean in which a gap counts as three steps at most. */
function follow(pace: { lastAt: number; stepMs: number }, at: number): void {
  const gap = at - pace.lastAt;
  pace.lastAt = at;
  if (Number.isNaN(gap)) return;
  pace.stepMs = pace.stepMs === 0 ? gap : pace.stepMs + (Math.min(gap, 3 * pace.stepMs) - pace.stepMs) / 8;
}
