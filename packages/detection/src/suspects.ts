import type { DetectionConfig } from '@nightshift/types';
import { evidenceOfFresh, type Signal } from './composite.ts';
import { calibrateEvidence, evidenceOf, youngWindows, type EvidenceTail } from './evidence.ts';

/** A service around an incident, as it stands when its cause is looked for. */
export type Sickness = {
  service: string;
  /** How unusual its evidence is now, and was just before the trouble began, on the scale of `calibrateEvidence`. */
  score: number;
  before: number;
  /** When its first signal of this trouble began (epoch ms). */
  onsetAt: number;
  /** What was changed on it shortly before, if anything: "v42 was deployed". */
  change?: string;
};

/** What is known of a service: `signals` are its anomalies within the window, `evidence` and `tail` as `correlate` has them. */
export type Known = {
  service: string;
  signals: readonly Signal[];
  judgedSeries: number;
  evidence: number;
  tail: EvidenceTail | null;
  change?: string;
};

/** How sick a service is at `now`: by its young anomalies, against those that were on before. */
export function sicknessOf(known: Known, now: number, rule: DetectionConfig['composite']): Sickness {
  const { service, signals, judgedSeries: series, evidence, tail, change } = known;
  const windowMs = rule.windowSeconds * 1_000;
  const isYoung = ({ startedAt }: Signal) => now - startedAt < youngWindows * windowMs;
  const old = signals.filter((signal) => !isYoung(signal)).reduce((sum, { score }) => sum + evidenceOf(score), 0);
  const unusual = (sum: number) => calibrateEvidence(tail, { now, sum, series, windowMs }).unusual;
  const young = Math.max(evidence, evidenceOfFresh(signals, now, windowMs));
  const onsetAt = Math.min(now, ...signals.filter(isYoung).map(({ startedAt }) => startedAt));
  return { service, score: unusual(old + young), before: unusual(old), onsetAt, ...(change && { change }) };
}

export type Suspect = {
  service: string;
  /** Larger is more likely; comparable within one ranking only. */
  score: number;
  reasons: string[];
};

/** From here on a rise is worth naming; beyond the most it only says how quiet the service was. */
const leastRise = 1;
const mostRise = 4;
/** How much a suspect loses to what it depends on, and gains by a recent change. */
const explainedShare = 0.5;
const changeFactor = 1.5;
/** Series are sampled at different times: an effect may be seen this long before its cause. */
const effectAheadMs = 60_000;
const mostSuspects = 5;

/**
 * Ranks who may be the cause of trouble at `symptom`: itself and what it depends on, directly and through others. What counts: how far
 * a service has risen above what it showed before (calibrated first, so that a noisy one is no suspect for its noise); how many that call
 * it are out as well; whether it was changed shortly before; and against it, whether something it depends on rose no later, which
 * then explains a part. Pure.
 */
export function rankSuspects(
  symptom: string,
  standings: readonly Sickness[],
  dependsOn: (service: string) => readonly string[],
): Suspect[] {
  const known = new Map(standings.map((standing) => [standing.service, standing]));
  const behind = (service: string) => reachable(service, dependsOn).flatMap((each) => known.get(each) ?? []);
  const risen = standings.filter((standing) => riseOf(standing) >= leastRise);
  const suspect = (standing: Sickness): Suspect[] => {
    const { service, onsetAt, change } = standing;
    const rise = riseOf(standing);
    if (rise < leastRise && change === undefined) return [];
    const callers = risen.filter((each) => dependsOn(each.service).includes(service));
    const deeper = behind(service)
      .filter((each) => riseOf(each) >= leastRise && each.onsetAt <= onsetAt + effectAheadMs)
      .sort((a, b) => riseOf(b) - riseOf(a))[0];
    const own = Math.max(rise, leastRise);
    const explained = deeper ? explainedShare * Math.min(1, riseOf(deeper) / own) : 0;
    const changed = change === undefined ? 1 : changeFactor;
    const score = Math.min(mostRise, own) * (1 + callers.length) * (1 - explained) * changed;
    const reasons = [
      rise >= leastRise && `its signals are far out (score ${standing.score.toFixed(1)})`,
      change,
      service !== symptom && `${symptom} depends on it`,
      callers.length > 0 && `out as well: ${callers.map((each) => each.service).join(', ')}, which depend on it`,
      deeper && `but ${deeper.service}, which it depends on, is out too`,
    ];
    return [{ service, score, reasons: reasons.filter((reason) => typeof reason === 'string') }];
  };
  const candidates = [...(known.has(symptom) ? [known.get(symptom)!] : []), ...behind(symptom)];
  return candidates
    .flatMap(suspect)
    .sort((a, b) => b.score - a.score)
    .slice(0, mostSuspects);
}

const riseOf = ({ score, before }: Sickness) => score - before;

/** What a service depends on, directly and through others, without itself. A circle ends. */
function reachable(service: string, dependsOn: (service: string) => readonly string[]): string[] {
  const found = new Set([service]);
  for (const each of found) for (const next of dependsOn(each)) found.add(next);
  found.delete(service);
  return [...found];
}
