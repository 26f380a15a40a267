import { ring } from '../series/columns.ts';
import { calmFor } from '../series/episodes.ts';
import { pointsOf } from '../series/points.ts';
import type { Band } from './band.ts';
import type { Columns } from './columns.ts';
import { adoptAfterMs, minLearned } from './constants.ts';

/** Puts a value into the baseline, in place of the oldest where it is full. */
export function learn(columns: Columns, row: number, value: number): void {
  const learned = columns.learned[row]!;
  columns.window[row * ring + (learned % ring)] = value;
  columns.learned[row] = learned + 1;
}

/**
 * Follows the runs of samples outside the band, on either side, which are not learned. A run that lasts is a shift and becomes
 * the new baseline; so does, after 30 samples, the return to where the last shift had come from.
 */
export function followRun(columns: Columns, row: number, at: number, band: Band, outside: boolean): void {
  const over = columns.runAt[row] === 0 || at - columns.runLastAt[row]! > calmFor(columns, row);
  if (!outside) {
    if (over) columns.runAt[row] = 0;
    return;
  }
  if (over) columns.runAt[row] = at;
  columns.runSamples[row] = over ? 1 : columns.runSamples[row]! + 1;
  columns.runLastAt[row] = at;
  if (columns.runSamples[row]! < minLearned) return;
  if (at - columns.runAt[row]! >= adoptAfterMs) adopt(columns, row, band);
  else if (isReturn(columns, row)) adopt(columns, row, null);
}

/** Makes the run's samples the baseline and ends the run. `former` is the band to which a return would be quick. */
function adopt(columns: Columns, row: number, former: Band | null): void {
  const since = columns.runAt[row]!;
  columns.learned[row] = 0;
  for (const point of pointsOf(columns, row)) if (point.at >= since) learn(columns, row, point.value);
  columns.formerLow[row] = former?.low ?? NaN;
  columns.formerHigh[row] = former?.high ?? NaN;
  columns.runAt[row] = columns.runSamples[row] = columns.harmAt[row] = 0;
}

/** Whether nine in ten of the last 30 points lie in the band from before the last shift. */
function isReturn(columns: Columns, row: number): boolean {
  const low = columns.formerLow[row]!;
  const high = columns.formerHigh[row]!;
  if (Number.isNaN(low)) return false;
  const total = columns.points[row]!;
  let back = 0;
  for (let i = total - minLearned; i < total; i++) {
    const value = columns.pointValue[row * ring + (i % ring)]!;
    if (value >= low && value <= high) back++;
  }
  return back >= 0.9 * minLearned;
}
