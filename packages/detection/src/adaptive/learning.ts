import { dayCell, spreadCell, weekCell } from './bins.ts';
import { experts, type Columns } from './columns.ts';
import {
  clipResiduals,
  dayBinMs,
  dayRate,
  errorSpan,
  levelSpan,
  minLearned,
  scaleSpan,
  spreadBinMs,
  spreadRate,
  weekBinMs,
  weekRate,
} from './constants.ts';
import type { Forecast } from './forecast.ts';
import { slowScaleOf, type Residuals } from './residuals.ts';
import { rateOf } from './span.ts';

/** Begins with a series' first value. */
export function begin(columns: Columns, row: number, at: number, value: number): void {
  columns.last[row] = columns.level[row] = columns.recent[row] = columns.least[row] = columns.greatest[row] = value;
  columns.bornAt[row] = at;
  columns.dayProfile[dayCell(row, at)] = value;
  columns.weekProfile[weekCell(row, at)] = value;
  columns.learned[row] = 1;
}

/**
 * Learns a value that was judged. However far out it is, it moves level, profiles, scale and errors by no more than
 * eight usual residuals would: an incident does not become its own baseline.
 */
export function learn(
  columns: Columns,
  row: number,
  at: number,
  elapsedMs: number,
  value: number,
  forecast: Forecast,
  residuals: Residuals,
): void {
  const samples = columns.learned[row]!;
  const stepMs = columns.stepMs[row]!;
  const young = samples < minLearned;
  const limit = clipResiduals * Math.max(columns.scale[row]!, forecast.floor);
  const clip = (change: number) => Math.max(-limit, Math.min(limit, change));
  learnErrors(
    columns,
    row,
    value,
    forecast,
    rateOf(errorSpan, elapsedMs, stepMs, samples),
    young ? Infinity : 2 * limit,
  );

  const scaleRate = rateOf(scaleSpan, elapsedMs, stepMs, samples);
  const slowLimit = young ? Infinity : clipResiduals * slowScaleOf(columns, row, forecast);
  columns.slowScale[row]! += scaleRate * (Math.min(Math.abs(residuals.slow), slowLimit) - columns.slowScale[row]!);
  const clipped = Math.min(Math.abs(residuals.near), young ? Infinity : limit);
  columns.scale[row]! += scaleRate * (clipped - columns.scale[row]!);
  const spreadAt = spreadCell(row, at);
  const spread = columns.spread[spreadAt]!;
  const spreadPart = Math.max(0.02, spreadRate * Math.min(1, elapsedMs / spreadBinMs));
  columns.spread[spreadAt] = Number.isNaN(spread)
    ? Math.max(clipped, columns.scale[row]!)
    : spread + spreadPart * (clipped - spread);

  columns.last[row] = value;
  const toLevel = value - columns.level[row]!;
  columns.level[row]! += rateOf(levelSpan, elapsedMs, stepMs, samples + 1) * (young ? toLevel : clip(toLevel));
  learnProfile(columns.dayProfile, dayCell(row, at), value, dayRate * Math.min(1, elapsedMs / dayBinMs), clip);
  learnProfile(columns.weekProfile, weekCell(row, at), value, weekRate * Math.min(1, elapsedMs / weekBinMs), clip);
  columns.least[row] = Math.min(columns.least[row]!, value);
  columns.greatest[row] = Math.max(columns.greatest[row]!, value);
  columns.learned[row] = samples + 1;
}

function learnErrors(columns: Columns, row: number, value: number, forecast: Forecast, part: number, most: number) {
  for (let i = 0; i < experts; i++) {
    const said = forecast.by[i]!;
    if (Number.isNaN(said)) continue;
    const cell = row * experts + i;
    const times = ++columns.forecasts[cell]!;
    const error = Math.min(Math.abs(value - said), most);
    columns.error[cell]! += Math.max(part, 1 / times) * (error - columns.error[cell]!);
  }
}

function learnProfile(
  profile: Float32Array,
  cell: number,
  value: number,
  part: number,
  clip: (change: number) => number,
): void {
  const known = profile[cell]!;
  profile[cell] = Number.isNaN(known) ? value : known + part * clip(value - known);
}
