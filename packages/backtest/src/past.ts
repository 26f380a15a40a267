import { alarmScore, correlate, ruleFor } from '@nightshift/detection';
import { classify, type ClassificationRules, type DetectionConfig, type Severity } from '@nightshift/types';
import type { SeriesName } from './series.ts';

/** An anomaly as it was recorded, at its worst. */
export type PastAnomaly = SeriesName & {
  seriesId: number;
  startedAt: number;
  lastAt: number;
  value: number;
  expected: number;
  low: number;
  high: number;
  score: number;
  severity: Severity;
  /** In which words a fixed limit says so: no sensitivity changes that. */
  declared: string | null;
};

/** An incident that really was, and what a person has said of it. */
export type PastIncident = {
  id: string;
  service: string;
  openedAt: number;
  falsePositive: boolean;
  /** How many series its service has. */
  judgedSeries: number;
  anomalies: PastAnomaly[];
};

/** A symptom that has lasted opens by itself; one that is older than this many windows is no news. */
const windowsKept = 4;

/**
 * How far out an anomaly was at a sensitivity of 1: it fires at `alarmScore` and beyond, divided by the sensitivity. Its band is
 * where it would have begun to fire at the present one.
 */
export function strengthOf(anomaly: PastAnomaly, config: DetectionConfig): number {
  const { value, expected, low, high } = anomaly;
  const half = value < expected ? expected - low : high - expected;
  return (alarmScore * Math.abs(value - expected)) / half / ruleFor(config, anomaly).sensitivity;
}

/**
 * Whether an incident would open from its recorded anomalies: those that fire at the sensitivity of their rule, taken as of one time,
 * of a service whose past is not known. `strength`: of each anomaly, as it was measured.
 */
export function wouldOpen(
  { service, judgedSeries, anomalies }: PastIncident,
  strength: ReadonlyMap<PastAnomaly, number>,
  config: DetectionConfig,
  classification: ClassificationRules,
): boolean {
  const windowMs = config.composite.windowSeconds * 1_000;
  const now = Math.max(0, ...anomalies.map(({ lastAt }) => lastAt));
  const signals = anomalies
    .filter((anomaly) => {
      const { judge, sensitivity } = ruleFor(config, anomaly);
      return anomaly.declared !== null || (judge && strength.get(anomaly)! * sensitivity >= alarmScore);
    })
    .map(({ startedAt, lastAt, ...rest }) => ({
      ...rest,
      startedAt: now - Math.min(lastAt - startedAt, windowsKept * windowMs),
      lastAt: now,
    }));
  if (signals.length === 0) return false;
  const { action } = correlate({
    service,
    now,
    rule: config.composite,
    signals,
    judgedSeries,
    youngSeries: 0,
    evidence: 0,
    tail: null,
    open: null,
    causes: [],
    ended: null,
    silencedBy: () => null,
    speaksOf: (signal) => classify(classification, [signal]).type,
  });
  return action === 'open';
}
