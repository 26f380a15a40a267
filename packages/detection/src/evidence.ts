import type { DetectionConfig } from '@nightshift/types';
import type { Verdict } from './detector.ts';
import { harms, type Rule } from './rules.ts';

/** Evidence begins beyond an ordinary score: one sample in a hundred reaches it. */
const ordinaryScore = 2;
/** No single series is worth more, however far out it is: never what a service must have before anything opens. */
const mostPerSeries = 3;
/** What a service must have at least, whatever its past: this, and half a decade for ten times as many series. */
const leastSum = 3;

/**
 * A series is young for so long; what it does by itself is not known yet, nor with which others it moves. Of a service that is young
 * altogether so much of all that its series could show must be there. A few series are left alone: they have few chances to move together.
 */
export const youngMs = 3 * 3_600_000;
const youngShare = 0.1;
const fewSeries = 30;

/** How much of a young series one is that began so long ago (ms): from 1 to 0. */
export const youth = (ageMs: number): number => Math.min(1, Math.max(0, 1 - ageMs / youngMs));

/** The running 99% quantile of a service's windows, how fast it moves, and how fast the mean excess over it does. */
const tailQuantile = 0.99;
const quantileRate = 0.05;
const excessRate = 0.05;
/** One window teaches no more than so many usual excesses, and a usual excess is at least this. */
const excessClip = 4;
const leastExcess = 0.3;
const firstExcess = 0.6;

/** What a score (-log10 of how often its series is as far out by itself) is worth as evidence: decades beyond an ordinary one. */
export const evidenceOf = (score: number): number => Math.min(mostPerSeries, Math.max(0, score - ordinaryScore));

/** An anomaly counts in full for so many windows: others may take their time to follow. Later only its growth is news. */
export const youngWindows = 5;

/** The score of a verdict at `at` as evidence, by the algorithm it is of: 0 where it is no harm, below the floor, or too short so far. */
export function evidenceScore(
  { detector, composite }: DetectionConfig,
  rule: Rule,
  at: number,
  verdict: Verdict,
): number {
  // The z-score has a unit of its own, and no news.
  const score = detector === 'zscore' ? verdict.score : verdict.alarmScore;
  if (verdict.state === 'anomalous') {
    const isYoung = at - (verdict.episodeAt ?? at) < youngWindows * composite.windowSeconds * 1_000;
    return isYoung ? Math.max(score, verdict.score) : score;
  }
  if (
    !(score > ordinaryScore) ||
    verdict.state !== 'normal' ||
    verdict.because === 'below_floor' ||
    !rule.judge ||
    rule.minDurationSeconds > 0
  )
    return 0;
  const away = verdict.value - verdict.expected;
  return Math.abs(away) >= rule.minEffect && harms(rule, away < 0 ? 'down' : 'up') ? score : 0;
}

/** The evidence of the series of one service that was seen within the last window. */
export type EvidenceWindow = {
  /** Takes what a series is out by; less than what it was worth within the window already changes nothing. */
  note(seriesId: number, at: number, score: number): void;
  /** The sum at `now`, each series counted once. Forgets what is older. */
  sum(now: number): number;
};

export function evidenceWindow(windowMs: number): EvidenceWindow {
  const worst = new Map<number, { at: number; evidence: number }>();
  return {
    note(seriesId, at, score) {
      const evidence = evidenceOf(score);
      const known = worst.get(seriesId);
      if (evidence > 0 && !(known && known.evidence > evidence && at - known.at < windowMs))
        worst.set(seriesId, { at, evidence });
    },
    sum(now) {
      let sum = 0;
      for (const [seriesId, { at, evidence }] of worst) {
        if (now - at >= windowMs) worst.delete(seriesId);
        else sum += evidence;
      }
      return sum;
    },
  };
}

/** How much evidence the windows of one service show by themselves: all that is remembered of them. */
export type EvidenceTail = {
  /** The window that runs: when it began (epoch ms), and the most that was seen in it. */
  at: number;
  most: number;
  quantile: number;
  excess: number;
};

/** From this score on it is more than the service shows by itself. */
export const evidenceAlarm = 2.2;

/** `unusual`: how unusual the sum is of the service. `score`: the same, and no more than the sum itself deserves. */
export type CalibratedEvidence = { tail: EvidenceTail; unusual: number; score: number; least: number };

/**
 * Calibrates the sum of a service's evidence by its own past, in constant space. What is unusual is -log10 of how often a window of this
 * service shows as much: 2 at the running 99% quantile of its windows, one more for every ln 10 mean excesses over it. For an
 * alarm `least` has to be there too. So a fleet that is always a little out is judged by that, and a single series is
 * never enough. Windows in which nobody asked had nothing to tell. At first the sum is expected that so many series show by chance:
 * each a mean excess of 1 / ln 10 decades in one sample of a hundred. `young` is how many of the series are (`youth`): they raise `least`.
 */
export function calibrateEvidence(
  known: EvidenceTail | null,
  {
    now,
    sum,
    series,
    young = 0,
    windowMs,
  }: { now: number; sum: number; series: number; young?: number; windowMs: number },
): CalibratedEvidence {
  const at = Math.floor(now / windowMs) * windowMs;
  const chance = (0.01 * series) / Math.LN10;
  let tail = known ?? { at, most: 0, quantile: chance + 1, excess: firstExcess };
  if (at > tail.at) tail = { ...learned(tail, (at - tail.at) / windowMs - 1), at, most: 0 };
  const { quantile, excess } = tail;
  const least = leastSum + Math.log10(1 + series) / 2 + youngShare * mostPerSeries * Math.max(0, young - fewSeries);
  const atQuantile = -Math.log10(1 - tailQuantile);
  const unusual =
    sum > quantile ? atQuantile + (sum - quantile) / (excess * Math.LN10) : (atQuantile * sum) / (quantile || 1);
  const score = Math.min(unusual, (evidenceAlarm * sum) / least);
  return { tail: sum > tail.most ? { ...tail, most: sum } : tail, unusual, score, least };
}

/** The tail after its window, and after so many without evidence. */
function learned({ most, quantile, excess }: EvidenceTail, silentWindows: number) {
  const step = quantileRate * excess;
  const over = Math.min(most - quantile, excessClip * excess);
  const moved =
    over > 0
      ? {
          quantile: quantile + step * tailQuantile,
          excess: Math.max(leastExcess, excess + excessRate * (over - excess)),
        }
      : { quantile: quantile - step * (1 - tailQuantile), excess };
  const fall = silentWindows * quantileRate * moved.excess * (1 - tailQuantile);
  return { quantile: Math.max(0, moved.quantile - fall), excess: moved.excess };
}
