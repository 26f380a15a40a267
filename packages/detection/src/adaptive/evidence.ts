import type { Channel, Columns } from './columns.ts';
import {
  alarmEvidence,
  alarmScore,
  episodeSpan,
  excessClip,
  excessMemoryMs,
  greatestExcessRate,
  halfNovelty,
  incidentTeaches,
  leastExcess,
  leastExcessRate,
  leastNovelty,
  noveltyWorth,
  ordinary,
  rangeMs,
  quantileRate,
  supposedExcesses,
  tailQuantile,
} from './constants.ts';
import { spanOf } from './span.ts';

const channels = 2;
const quantileOf = (columns: Columns, cell: number) => Math.max(columns.quantile[cell]!, 1);
/** Until one was seen, as large as the quantile itself: nothing is known of the tail yet. */
const excessOf = (columns: Columns, cell: number, quantile: number) =>
  columns.excesses[cell] === 0 ? quantile : Math.max(columns.excess[cell]!, leastExcess * quantile);

/**
 * -log10 of how often this series is so far out: 2 at the running 99% quantile of its residuals, beyond it as an exponential
 * tail with the mean excess (peaks over threshold). `residual` in scales.
 */
export function tailOf(columns: Columns, row: number, channel: Channel, residual: number): number {
  const cell = row * channels + channel;
  const quantile = quantileOf(columns, cell);
  if (residual < quantile) return (ordinary * residual) / quantile;
  return ordinary + (residual - quantile) / excessOf(columns, cell, quantile) / Math.LN10;
}

/** The residual, in scales, whose tail alone would be an alarm: where the band ends. */
export function residualOfAlarm(columns: Columns, row: number, channel: Channel): number {
  const cell = row * channels + channel;
  const quantile = quantileOf(columns, cell);
  return quantile + (alarmEvidence - ordinary) * Math.LN10 * excessOf(columns, cell, quantile);
}

/**
 * Moves a channel's running quantile and mean excess by one residual. All samples in the hour of an alarm teach a tenth: an
 * incident is one event, however many it has. Not only those that are far out, or the quantile would sink.
 */
export function learnTail(columns: Columns, row: number, channel: Channel, at: number, residual: number): void {
  const cell = row * channels + channel;
  const quantile = columns.quantile[cell]! || 3;
  const part = at > columns.newsAt[row]! && isQuiet(columns, row, at) ? incidentTeaches : 1;
  const move = part * quantileRate * 5 * quantile;
  if (residual <= quantile) {
    columns.quantile[cell] = Math.max(0.5, quantile - move * (1 - tailQuantile));
    return;
  }
  const moved = quantile + move * tailQuantile;
  columns.quantile[cell] = moved;
  const most = excessClip * Math.max(columns.excess[cell]!, leastExcess * moved);
  const over = Math.min(residual - moved, most);
  if (over <= 0) return;
  if (columns.excesses[cell] === 0) {
    columns.excess[cell] = moved;
    columns.excesses[cell] = supposedExcesses;
  }
  columns.excesses[cell]!++;
  const rate = Math.max(1 / columns.excesses[cell]!, excessRate(columns.stepMs[row]!));
  columns.excess[cell]! += part * rate * (over - columns.excess[cell]!);
}

const excessRate = (stepMs: number) =>
  Math.max(leastExcessRate, Math.min(greatestExcessRate, stepMs / (1 - tailQuantile) / excessMemoryMs));

/**
 * How far a value lies outside of the range so far, 0 to 1; less in the first two days, whose range says little. The range is
 * taken to be wider by three scales.
 */
export function noveltyOf(columns: Columns, row: number, at: number, value: number, scale: number): number {
  const [least, greatest] = [columns.least[row]!, columns.greatest[row]!];
  const outside = value > greatest ? value - greatest : least - value;
  if (!(outside > 0)) return 0;
  const part = outside / (greatest - least + 3 * scale + 1e-12) - leastNovelty;
  if (part <= 0) return 0;
  return (part / (part + halfNovelty)) * Math.min(1, (at - columns.bornAt[row]!) / rangeMs);
}

/** Evidence that is also a novelty. Not bounded: a new maximum must be told from the last one. */
export const raised = (evidence: number, novelty: number): number => evidence * (1 + noveltyWorth * novelty);

/**
 * The evidence without what is old news: after an alarm, for an hour or 60 samples, only a new maximum counts in full; all else
 * counts a tenth.
 */
export function newsOf(columns: Columns, row: number, at: number, evidence: number): number {
  const quiet = isQuiet(columns, row, at);
  if (quiet && evidence <= columns.newsEvidence[row]!) return evidence / 10;
  if (evidence < alarmEvidence) return quiet ? evidence / 10 : evidence;
  columns.newsEvidence[row] = evidence;
  columns.newsAt[row] = at;
  return evidence;
}

/** Whether an alarm was told so recently that what follows is the same event. */
const isQuiet = (columns: Columns, row: number, at: number) =>
  columns.newsAt[row]! > 0 && at - columns.newsAt[row]! < spanOf(episodeSpan, columns.stepMs[row]!);

/** The alarm score of evidence: the same up to what is ordinary, from there on spread so that an alarm is one above it. */
export const scoreOf = (evidence: number): number =>
  evidence <= ordinary
    ? evidence
    : ordinary + ((evidence - ordinary) * (alarmScore - ordinary)) / (alarmEvidence - ordinary);
