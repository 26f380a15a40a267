import type { Band } from '../series/detector.ts';
import { calmFor } from '../series/episodes.ts';
import { day, experts, last, level, week, type Columns } from './columns.ts';
import { adoptAfterMs, minLearned } from './constants.ts';
import type { Forecast } from './forecast.ts';

/** Whether an alarm is on and the value is still outside of the band from before it, on either side. */
export function isHeld(columns: Columns, row: number, value: number): boolean {
  return columns.heldAt[row]! > 0 && (value < columns.heldLow[row]! || value > columns.heldHigh[row]!);
}

/** Begins to hold the band that an alarm was judged by. */
export function hold(columns: Columns, row: number, at: number, band: Band, score: number): void {
  columns.heldAt[row] = columns.heldLastAt[row] = at;
  columns.heldSamples[row] = 1;
  columns.heldExpected[row] = band.expected;
  columns.heldLow[row] = band.low;
  columns.heldHigh[row] = band.high;
  columns.heldScore[row] = score;
}

/**
 * Follows an alarm: it ends when the series was calm for a while, or has been outside for half an hour and 30 samples, which
 * makes a shift the new normal.
 */
export function followHold(columns: Columns, row: number, at: number, outside: boolean, forecast: Forecast): void {
  if (!(columns.heldAt[row]! > 0)) return;
  if (outside) {
    columns.heldLastAt[row] = at;
    columns.heldSamples[row]!++;
    if (columns.heldSamples[row]! > minLearned && at - columns.heldAt[row]! >= adoptAfterMs)
      adopt(columns, row, forecast);
  } else if (at - columns.heldLastAt[row]! > calmFor(columns, row)) columns.heldAt[row] = 0;
}

/**
 * The shift is the new normal: the level is where the series is, and the profiles have a say again once they prove right. The
 * next episode is another one.
 */
function adopt(columns: Columns, row: number, { by }: Forecast): void {
  const recent = columns.recent[row]!;
  const errors = row * experts;
  columns.heldAt[row] = columns.harmAt[row] = 0;
  columns.level[row] = recent;
  columns.error[errors + level] = columns.error[errors + last]!;
  for (const profile of [day, week]) {
    const off = Math.abs(recent - by[profile]!);
    if (!Number.isNaN(off)) columns.error[errors + profile] = Math.max(columns.error[errors + profile]!, off);
  }
}
