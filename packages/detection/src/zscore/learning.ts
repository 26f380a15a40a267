import type { HistoryPoint } from '../detector.ts';
import type { Band } from './band.ts';
import { ring, type Columns } from './columns.ts';
import { adoptAfterMs, calmMs, calmSteps, minLearned } from './constants.ts';

/** Puts a value into the baseline, in place of the oldest where it is full. */
export function learn(columns: Columns, row: number, value: number): void {
  const learned = columns.learned[row]!;
  columns.window[row * ring + (learned % ring)] = value;
  columns.learned[row] = learned + 1;
}

/** Keeps a point for charts, with the band it was judged by. */
export function remember(columns: Columns, row: number, at: number, value: number, band: Band | null): void {
  const cell = row * ring + (columns.points[row]! % ring);
  columns.pointAt[cell] = at;
  columns.pointValue[cell] = value;
  columns.pointExpected[cell] = band?.expected ?? NaN;
  columns.pointLow[cell] = band?.low ?? NaN;
  columns.pointHigh[cell] = band?.high ?? NaN;
  columns.points[row] = columns.points[row]! + 1;
}

/** The last points, oldest first. Bands were kept in single precision: good to seven digits. */
export function pointsOf(columns: Columns, row: number): HistoryPoint[] {
  const total = columns.points[row]!;
  const known = (band: number) => (Number.isNaN(band) ? null : band);
  return Array.from({ length: Math.min(total, ring) }, (_, i) => {
    const cell = row * ring + ((total - Math.min(total, ring) + i) % ring);
    return {
      at: columns.pointAt[cell]!,
      value: columns.pointValue[cell]!,
      expected: known(columns.pointExpected[cell]!),
      low: known(columns.pointLow[cell]!),
      high: known(columns.pointHigh[cell]!),
    };
  });
}

const calmFor = (columns: Columns, row: number) => Math.max(calmMs, calmSteps * columns.stepMs[row]!);

/** Follows harmful episodes, which end after a calm time. Returns since when one is on; null: none is. */
export function followEpisode(columns: Columns, row: number, at: number, harmful: boolean): number | null {
  const on = columns.harmAt[row]! > 0 && at - columns.harmAt[row]! <= calmFor(columns, row);
  if (harmful) {
    if (!on) columns.episodeAt[row] = at;
    columns.harmAt[row] = at;
  }
  return on || harmful ? columns.episodeAt[row]! : null;
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
