import { alarmScore } from './adaptive/constants.ts';

/** Alarm scores of the adaptive detector up to here are ordinary: one sample in a hundred reaches it. */
const ordinary = 2;
/** No single series is worth more than this, however far out it is. */
const cap = 8;

/** What the series of one machine or service say together. */
export type GroupEvidence = { sum: number; threshold: number; alarm: boolean };

/**
 * Sums what series that belong together are out by at one time, each in decades beyond an ordinary sample and capped. The
 * threshold grows with their number: by chance alone ten times as many series are that far out ten times as often, and each
 * adds a mean excess of 1 / ln 10 decades in one sample of a hundred.
 */
export function groupEvidence(alarmScores: readonly number[]): GroupEvidence {
  const sum = alarmScores.reduce((total, score) => total + Math.min(cap, Math.max(0, score - ordinary)), 0);
  const series = Math.max(1, alarmScores.length);
  const threshold = alarmScore + Math.log10(series) + (0.01 * series) / Math.LN10;
  return { sum, threshold, alarm: sum >= threshold };
}
