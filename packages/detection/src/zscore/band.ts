import type { Verdict } from '../detector.ts';
import { harms, type Rule } from '../rules.ts';
import { ring } from '../series/columns.ts';
import { tailScore } from '../tail.ts';
import { absoluteFloor, criticalZ, relativeFloor, warningZ } from './constants.ts';

/** Mean and standard deviation of a baseline, floored, and the band that follows from them. */
export type Band = { expected: number; deviation: number; low: number; high: number; learned: number };

/** The band of the first `learned` (at most 60) values of a window. Two passes: no drift, no cancellation. */
export function bandOf(
  window: Float64Array,
  offset: number,
  learned: number,
  { minEffect, sensitivity }: Pick<Rule, 'minEffect' | 'sensitivity'>,
): Band {
  const n = Math.min(learned, ring);
  let sum = 0;
  for (let i = offset; i < offset + n; i++) sum += window[i]!;
  const expected = sum / n;
  let squares = 0;
  for (let i = offset; i < offset + n; i++) squares += (window[i]! - expected) ** 2;
  const measured = Math.sqrt(squares / (n - 1));
  const deviation = Math.max(measured, relativeFloor * Math.abs(expected), absoluteFloor);
  const half = Math.max((warningZ / sensitivity) * deviation, minEffect);
  return { expected, deviation, low: expected - half, high: expected + half, learned: n };
}

/**
 * What a value means against a band: anomalous if it lies outside of it, on a side that is harm. `episodeAt` is left to the
 * caller. All verdicts have the same fields in the same order, spelled out: spreading objects made this path nine times slower.
 */
export function judge(value: number, band: Band, rule: Rule): Verdict {
  const z = (rule.sensitivity * (value - band.expected)) / band.deviation;
  const direction = z < 0 ? 'down' : 'up';
  const outside = value < band.low || value > band.high;
  const anomalous = outside && harms(rule, direction);
  const because = anomalous ? undefined : outside ? 'direction' : Math.abs(z) > warningZ ? 'below_floor' : undefined;
  return {
    state: anomalous ? 'anomalous' : 'normal',
    accepted: true,
    dropped: undefined,
    value,
    expected: band.expected,
    low: band.low,
    high: band.high,
    score: tailScore(z, band.learned, rule.harm === 'both' ? 2 : 1),
    alarmScore: Math.abs(z),
    alarm: anomalous,
    severity: !anomalous ? undefined : Math.abs(z) > criticalZ ? 'critical' : 'warning',
    direction: anomalous || because ? direction : undefined,
    because,
    episodeAt: null,
  };
}
