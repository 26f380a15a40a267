import type { Anomaly, DetectionConfig, IncidentType } from '@nightshift/types';
import { evidenceAlarm, evidenceOf, youngWindows, type CalibratedEvidence } from './evidence.ts';

export type Signal = Pick<
  Anomaly,
  'seriesId' | 'service' | 'metric' | 'startedAt' | 'lastAt' | 'severity' | 'score'
> & {
  /** A person's own rule says so (a fixed limit, an objective), in these words: when critical it needs no company. */
  declared?: string | null;
};

/** What kind of trouble a signal by itself is a sign of. */
export type SpeaksOf<S> = (signal: S) => IncidentType;

export type CompositeInput<S extends Signal = Signal> = {
  service: string;
  /** Anomalies, of whatever service and age; the rule picks its own. */
  signals: readonly S[];
  /** How many series of the service are judged: the more there are, the more are out by chance. */
  judgedSeries: number;
  now: number;
  rule: DetectionConfig['composite'];
  /** What the service's series are out by together, and how unusual that is of it. */
  evidence: CalibratedEvidence & { sum: number };
  speaksOf: SpeaksOf<S>;
};

export type CompositeResult<S extends Signal = Signal> = { open: boolean; reason: string; counted: S[] };

/** What users feel by itself: one such series is enough when it stays out for a whole window. */
const symptoms: ReadonlySet<IncidentType> = new Set(['service_down', 'high_error_rate']);

/**
 * Whether the anomalies of one service, taken together, are an incident: what its series are out by is more than the service shows by
 * itself (`evidence`), or there are so many of them (`counts`); or one critical symptom (down, errors) has lasted the window; or a
 * person's own rule says critical. Pure.
 */
export function evaluateComposite<S extends Signal>(input: CompositeInput<S>): CompositeResult<S> {
  const { service, rule, speaksOf } = input;
  const counted = freshOf(input);
  const criticals = counted.filter((signal) => signal.severity === 'critical');
  const answer = (open: boolean, reason: string) => ({ open, reason, counted });
  const declared = criticals.find((signal) => signal.declared);
  if (declared) return answer(true, `${declared.metric} of ${service} is ${declared.declared}`);
  const lasting = criticals.find(
    (signal) => signal.lastAt - signal.startedAt >= rule.windowSeconds * 1_000 && symptoms.has(speaksOf(signal)),
  );
  if (lasting) return answer(true, `${lasting.metric} of ${service} critical for ${rule.windowSeconds} s`);
  const { open, reason } = rule.rule === 'evidence' ? byEvidence(input, counted) : byCounts(input, counted);
  return answer(open, reason);
}

function byEvidence(
  { service, rule, evidence, judgedSeries }: Pick<CompositeInput, 'service' | 'rule' | 'evidence' | 'judgedSeries'>,
  counted: Signal[],
) {
  const { sum, score, least } = evidence;
  const together = `${counted.length} anomalous series of ${service} within ${rule.windowSeconds} s`;
  const found = `${together}: evidence ${sum.toFixed(1)}`;
  if (counted.length === 0)
    return { open: false, reason: `no anomalous series of ${service} within ${rule.windowSeconds} s` };
  if (score >= evidenceAlarm) return { open: true, reason: `${found}, more than the service shows by itself` };
  if (sum < least) return { open: false, reason: `${found} of ${least.toFixed(1)} that it takes` };
  return { open: false, reason: `${found}, no more than ${judgedSeries} series of it show by themselves now and then` };
}

/** A tenth of a series is expected to be out this far by chance: with 1,000 series only what is rarer than one in 10,000 counts. */
export const chanceScore = (judgedSeries: number): number => Math.log10(Math.max(1, judgedSeries)) + 1;

function byCounts(
  { service, rule, judgedSeries }: Pick<CompositeInput, 'service' | 'rule' | 'judgedSeries'>,
  fresh: Signal[],
) {
  const leastScore = chanceScore(judgedSeries);
  const counted = fresh.filter((signal) => signal.score >= leastScore);
  const criticals = counted.filter((signal) => signal.severity === 'critical').length;
  const within = `of ${service} within ${rule.windowSeconds} s`;
  if (criticals >= rule.criticals) return { open: true, reason: `${criticals} critical series ${within}` };
  if (counted.length >= rule.anomalies) return { open: true, reason: `${counted.length} anomalous series ${within}` };
  const chance = counted.length < fresh.length ? `; others are what ${judgedSeries} series show by chance` : '';
  return { open: false, reason: `only ${criticals} critical, ${counted.length} anomalous series ${within}${chance}` };
}

/** The worst anomaly of each series of the service within the window, the worst of all first. */
function freshOf<S extends Signal>({ service, signals, now, rule }: CompositeInput<S>): S[] {
  const worst = new Map<number, S>();
  for (const signal of signals) {
    // A sender's clock may be a little ahead; one that is far ahead is no evidence of now.
    const fresh = Math.abs(now - signal.lastAt) < rule.windowSeconds * 1_000;
    if (signal.service !== service || !fresh) continue;
    const known = worst.get(signal.seriesId);
    if (!known || rank(signal) > rank(known)) worst.set(signal.seriesId, signal);
  }
  return [...worst.values()].sort((a, b) => rank(b) - rank(a));
}

/** What anomalies that are young and still on are worth: the part of the evidence that outlives whoever noted it. */
export function evidenceOfFresh(signals: readonly Signal[], now: number, windowMs: number): number {
  const worst = new Map<number, number>();
  for (const { seriesId, startedAt, lastAt, score } of signals)
    if (now - startedAt < youngWindows * windowMs && now - lastAt < windowMs)
      worst.set(seriesId, Math.max(worst.get(seriesId) ?? 0, evidenceOf(score)));
  return [...worst.values()].reduce((total, each) => total + each, 0);
}

const rank = (signal: Signal) => (signal.severity === 'critical' ? 100 : 0) + signal.score;
