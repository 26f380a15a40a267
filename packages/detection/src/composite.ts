import type { Anomaly, DetectionConfig } from '@nightshift/types';
import { classifyMetric } from './classify.ts';

export type Signal = Pick<Anomaly, 'seriesId' | 'service' | 'metric' | 'startedAt' | 'lastAt' | 'severity' | 'score'>;

export type CompositeInput<S extends Signal = Signal> = {
  service: string;
  /** Anomalies, of whatever service and age; the rule picks its own. */
  signals: S[];
  /** How many series of the service are judged: the more there are, the more are out by chance. */
  judgedSeries: number;
  now: number;
  rule: DetectionConfig['composite'];
};

export type CompositeResult<S extends Signal = Signal> = { open: boolean; reason: string; counted: S[] };

/** What users feel by itself: one such series is enough when it stays out for a whole window. */
const symptoms = new Set(['service_down', 'high_error_rate']);

/**
 * Whether the anomalies of one service, taken together, are an incident: so many critical or so many anomalous *different*
 * series within the window, or one critical symptom (down, errors) that has lasted the window. Of chance, at most a tenth of
 * a series may be expected among those counted: with 1,000 series only what is rarer than one in 10,000 counts. Pure.
 */
export function evaluateComposite<S extends Signal>(input: CompositeInput<S>): CompositeResult<S> {
  const { service, rule, now } = input;
  const windowMs = rule.windowSeconds * 1_000;
  const leastScore = Math.log10(Math.max(1, input.judgedSeries)) + 1;
  const worst = new Map<number, S>();
  for (const signal of input.signals) {
    // A sender's clock may be a little ahead; one that is far ahead is no evidence of now.
    const fresh = Math.abs(now - signal.lastAt) < windowMs;
    if (signal.service !== service || !fresh || signal.score < leastScore) continue;
    const known = worst.get(signal.seriesId);
    if (!known || rank(signal) > rank(known)) worst.set(signal.seriesId, signal);
  }
  const counted = [...worst.values()].sort((a, b) => rank(b) - rank(a));
  const criticals = counted.filter((signal) => signal.severity === 'critical');
  const within = `of ${service} within ${rule.windowSeconds} s`;
  if (criticals.length >= rule.criticals)
    return { open: true, reason: `${criticals.length} critical series ${within}`, counted };
  if (counted.length >= rule.anomalies)
    return { open: true, reason: `${counted.length} anomalous series ${within}`, counted };
  const lasting = criticals.find(
    (signal) => signal.lastAt - signal.startedAt >= windowMs && symptoms.has(classifyMetric(signal.metric)),
  );
  if (lasting)
    return { open: true, reason: `${lasting.metric} of ${service} critical for ${rule.windowSeconds} s`, counted };
  const dismissed = input.signals.some((signal) => signal.service === service && signal.score < leastScore);
  const chance = dismissed ? `; others are what ${input.judgedSeries} series show by chance` : '';
  return {
    open: false,
    reason: `only ${criticals.length} critical, ${counted.length} anomalous series ${within}${chance}`,
    counted,
  };
}

const rank = (signal: Signal) => (signal.severity === 'critical' ? 100 : 0) + signal.score;
