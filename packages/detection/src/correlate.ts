import type { DetectionConfig, WhyNot } from '@nightshift/types';
import { chanceScore, evaluateComposite, evidenceOfFresh, type Signal, type SpeaksOf } from './composite.ts';
import { calibrateEvidence, type EvidenceTail } from './evidence.ts';

/** An incident that is not over. */
export type OpenIncident = { id: string; service: string; onsetAt: number };

/** An incident that a person has ended: the series it was about rest for the cool-down. */
export type EndedIncident = { id: string; at: number; by: string; series: ReadonlySet<number> };

export type CorrelateInput<S extends Signal = Signal> = {
  service: string;
  now: number;
  rule: DetectionConfig['composite'];
  /** The service's anomalies that no incident which is over has dealt with. */
  signals: readonly S[];
  /** How many series of the service are judged. */
  judgedSeries: number;
  /** How many of them are young: the sum of their `youth`. */
  youngSeries: number;
  /** The evidence that its series showed within the window: `EvidenceWindow.sum`. */
  evidence: number;
  /** What is remembered of its evidence: the last decision's `tail`. */
  tail: EvidenceTail | null;
  /** The open incident of the service, and those of services that it depends on, the nearest first. */
  open: OpenIncident | null;
  causes: readonly OpenIncident[];
  ended: EndedIncident | null;
  /** By which silence a signal is held, if by any. */
  silencedBy: (signal: S) => string | null;
  speaksOf: SpeaksOf<S>;
};

/** A signal that opens nothing, and why. */
export type Held<S extends Signal = Signal> = { signal: S; because: WhyNot; detail: string };

export type Decision<S extends Signal = Signal> = {
  /** `join`: the incident named. `none`: nothing follows; `held` says why of each signal. */
  action: 'open' | 'join' | 'none';
  incidentId?: string;
  reason: string;
  /** The signals that open, or join, it; the worst first. */
  counted: S[];
  held: Held<S>[];
  tail: EvidenceTail;
};

/** A symptom may be seen this long before its cause: they are sampled at different times. */
const symptomAheadMs = 60_000;

/**
 * What a service's anomalies lead to: nothing, its open incident, that of a service it depends on, or a new one (or the one that was
 * resolved a moment ago: that is for the lifecycle to say). Pure: the detector and the backtest ask it.
 */
export function correlate<S extends Signal>(input: CorrelateInput<S>): Decision<S> {
  const { service, now, rule, judgedSeries, youngSeries, open, speaksOf } = input;
  const windowMs = rule.windowSeconds * 1_000;
  const { heard, held } = sortOut(input);
  // What is put aside is no evidence; of the sum nobody can say whose it is.
  const fresh = evidenceOfFresh(heard, now, windowMs);
  const sum = held.length > 0 ? fresh : Math.max(input.evidence, fresh);
  const evidence = {
    ...calibrateEvidence(input.tail, { now, sum, series: judgedSeries, young: youngSeries, windowMs }),
    sum,
  };
  const composite = evaluateComposite({ service, signals: heard, judgedSeries, now, rule, evidence, speaksOf });
  const { reason } = composite;
  const counted = beyondChance(composite.counted, judgedSeries);
  const answer = (action: Decision['action'], more: Partial<Decision<S>> = {}): Decision<S> => ({
    action,
    reason,
    counted,
    held,
    tail: evidence.tail,
    ...more,
  });
  const all = (because: WhyNot, detail: string) => [...held, ...counted.map((signal) => ({ signal, because, detail }))];
  if (open) return answer('join', { incidentId: open.id, held: all('joined', open.id) });
  if (!composite.open) return answer('none', { held: all('below_evidence', reason) });
  const onsetAt = Math.min(...counted.map((signal) => signal.startedAt));
  const cause = input.causes.find((each) => onsetAt >= each.onsetAt - symptomAheadMs);
  if (!cause) return answer('open');
  const why = `${service} depends on ${cause.service}, whose incident ${cause.id} is open`;
  return answer('join', { incidentId: cause.id, reason: why, held: all('dependant', why) });
}

/** Of chance, at most a tenth of a series may be among those that belong to an incident; where none is beyond it, all of them do. */
function beyondChance<S extends Signal>(signals: S[], judgedSeries: number): S[] {
  const leastScore = chanceScore(judgedSeries);
  const found = signals.filter((signal) => signal.declared || signal.score >= leastScore);
  return found.length > 0 ? found : signals;
}

/** Puts aside what is silenced, and what a person has just put an end to. */
function sortOut<S extends Signal>({ signals, ended, now, rule, silencedBy }: CorrelateInput<S>) {
  const held: Held<S>[] = [];
  const cooling = ended && now - ended.at < rule.cooldownSeconds * 1_000 ? ended : null;
  const heard = signals.filter((signal) => {
    const silence = silencedBy(signal);
    if (silence !== null) held.push({ signal, because: 'silenced', detail: silence });
    else if (cooling?.series.has(signal.seriesId))
      held.push({ signal, because: 'cooldown', detail: `${cooling.by} ended ${cooling.id}` });
    else return true;
    return false;
  });
  return { heard, held };
}
