import type { Columns } from './columns.ts';
import { recentSpan } from './constants.ts';
import type { Forecast } from './forecast.ts';
import { rateOf } from './span.ts';

/**
 * How far out a series is, signed and in its unit: a value from what was expected (`near`), and the mean of the last minutes
 * from what level and profiles say (`slow`). `nearScales`, `slowScales`: the same in usual residuals. Reused.
 */
export type Residuals = { near: number; nearScales: number; slow: number; slowScales: number };

export const makeResiduals = (): Residuals => ({ near: 0, nearScales: 0, slow: 0, slowScales: 0 });

/** Moves the mean of the last minutes, which is no forecast, and measures both distances. */
export function measureInto(
  residuals: Residuals,
  columns: Columns,
  row: number,
  elapsedMs: number,
  value: number,
  forecast: Forecast,
): Residuals {
  const rate = rateOf(recentSpan, elapsedMs, columns.stepMs[row]!, columns.learned[row]! + 1);
  if (Number.isNaN(columns.recent[row]!)) beginLate(columns, row, value);
  columns.recent[row]! += rate * (value - columns.recent[row]!);
  residuals.near = value - forecast.expected;
  residuals.nearScales = Math.abs(residuals.near) / forecast.scale;
  residuals.slow = columns.recent[row]! - forecast.slowly;
  residuals.slowScales = Math.abs(residuals.slow) / slowScaleOf(columns, row, forecast);
  return residuals;
}

/** Of a series that version 1 learned, the slow channel and the age are not known. */
function beginLate(columns: Columns, row: number, value: number): void {
  columns.bornAt[row] = columns.lastAt[row]! - columns.learned[row]! * columns.stepMs[row]!;
  columns.recent[row] = value;
  columns.slowScale[row] = columns.scale[row]!;
}

/** A mean of several samples strays less than one: its floor is lower. */
export const slowScaleOf = (columns: Columns, row: number, { floor }: Forecast): number =>
  Math.max(columns.slowScale[row]!, 0.3 * floor);
