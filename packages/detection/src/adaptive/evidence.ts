import type { Columns } from './columns.ts';
import {
  alarmScore,
  excessClip,
  excessMemoryMs,
  greatestExcessRate,
  leastExcess,
  leastExcessRate,
  newsScore,
  quantileRate,
  quietSpan,
  tailQuantile,
} from './constants.ts';

const quantileOf = (columns: Columns, row: number) => Math.max(columns.quantile[row]!, 1);
const excessOf = (columns: Columns, row: number, quantile: number) =>
  Math.max(columns.excess[row]!, leastExcess * quantile);

/**
 * -log10 of how often this series is so far out: 2 at the running 99% quantile of its residuals, beyond it as an exponential
 * tail with the mean excess (peaks over threshold). `residual` in scales.
 */
export function tailOf(columns: Columns, row: number, residual: number): number {
  const quantile = quantileOf(columns, row);
  if (residual < quantile) return (2 * residual) / quantile;
  return 2 + (residual - quantile) / excessOf(columns, row, quantile) / Math.LN10;
}

/** The residual, in scales, whose tail alone is the threshold: where the band ends. */
export function residualOfAlarm(columns: Columns, row: number): number {
  const quantile = quantileOf(columns, row);
  return quantile + (alarmScore - 2) * Math.LN10 * excessOf(columns, row, quantile);
}

/** Moves the running quantile and the mean excess by one residual. */
export function learnTail(columns: Columns, row: number, residual: number): void {
  const quantile = columns.quantile[row]! || 3;
  const move = quantileRate * 5 * quantile;
  if (residual <= quantile) {
    columns.quantile[row] = Math.max(0.5, quantile - move * (1 - tailQuantile));
    return;
  }
  const moved = quantile + move * tailQuantile;
  columns.quantile[row] = moved;
  const most = excessClip * Math.max(columns.excess[row]!, leastExcess * moved);
  const over = Math.min(residual - moved, most);
  if (over <= 0) return;
  columns.excesses[row]!++;
  columns.excess[row]! +=
    Math.max(1 / columns.excesses[row]!, excessRate(columns.stepMs[row]!)) * (over - columns.excess[row]!);
}

const excessRate = (stepMs: number) =>
  Math.max(leastExcessRate, Math.min(greatestExcessRate, stepMs / (1 - tailQuantile) / excessMemoryMs));

/** How far a value lies outside of the range so far, 0 to 1: half where it is by a fifth of the range and three scales. */
export function noveltyOf(columns: Columns, row: number, value: number, scale: number): number {
  const [least, greatest] = [columns.least[row]!, columns.greatest[row]!];
  const outside = value > greatest ? value - greatest : least - value;
  if (!(outside > 0)) return 0;
  const part = outside / (greatest - least + 3 * scale + 1e-12);
  return part / (part + 0.2);
}

/** A tail of this many decades is worth half of what evidence can be worth. */
const halfWay = 20;
/** What a value never seen before adds, beside the tail's squashed part of at most 2. */
const noveltyWorth = 4;

/**
 * The score: the tail, raised where the value is a novelty. Both are squashed, added, and read back as decades, so that a
 * score without novelty is the tail itself. Not bounded by 16: a new maximum must be told from the last one.
 */
export function scoreOf(tail: number, novelty: number): number {
  const worth = (2 * tail) / (tail + halfWay) + (noveltyWorth * novelty * tail) / (tail + 1);
  return decades(worth);
}

/** Linear from 1.9 on, where the curve has left all meaning behind: 2 would be infinite. */
const decades = (worth: number) =>
  (halfWay * Math.min(worth, 1.9)) / (2 - Math.min(worth, 1.9)) + 1e3 * Math.max(0, worth - 1.9);

/**
 * The score without what is old news: after a score of 3.5, for an hour or 120 samples, only a new maximum counts in full;
 * all else counts a tenth.
 */
export function newsOf(columns: Columns, row: number, at: number, score: number): number {
  const quietMs = Math.max(quietSpan.ms, quietSpan.steps * columns.stepMs[row]!);
  const quiet = columns.newsAt[row]! > 0 && at - columns.newsAt[row]! < quietMs;
  if (quiet && score <= columns.newsScore[row]!) return score / 10;
  if (score >= newsScore) {
    columns.newsScore[row] = score;
    columns.newsAt[row] = at;
    return score;
  }
  return quiet ? score / 10 : score;
}
