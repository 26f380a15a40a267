import type { Rule } from '../rules.ts';
import { dayCell, spreadCell, weekCell } from './bins.ts';
import { day, experts, last, level, moved, week, type Columns } from './columns.ts';
import { absoluteFloor, profileSamples, relativeFloor } from './constants.ts';

/**
 * What a series was expected to be: by all experts, and by those that do not follow the last value; how far from it is usual
 * (`scale`), and what counts as that at least (`floor`). `by`: each expert's word. Reused from sample to sample.
 */
export type Forecast = { expected: number; slowly: number; scale: number; floor: number; by: Float64Array };

export const makeForecast = (): Forecast => ({
  expected: 0,
  slowly: 0,
  scale: 0,
  floor: 0,
  by: new Float64Array(experts),
});

/** Experts that a rule's season silences. */
const silenced: Record<Rule['seasonality'], (expert: number) => boolean> = {
  auto: () => false,
  day: (expert) => expert === week,
  week: (expert) => expert === day || expert === moved,
  none: (expert) => expert > level,
};

/**
 * Forecasts for a time, `elapsedMs` after the last sample. Experts are mixed, each weighed by its recent error to the power of
 * -4. The scale is half the mean absolute residual of all times, half that of this time of day. Looks at nothing but what was
 * learned before.
 */
export function forecastInto(
  forecast: Forecast,
  columns: Columns,
  row: number,
  at: number,
  elapsedMs: number,
  seasonality: Rule['seasonality'],
): Forecast {
  const { by } = forecast;
  const today = columns.dayProfile[dayCell(row, at)]!;
  by[last] = columns.last[row]!;
  by[level] = columns.level[row]!;
  by[day] = today;
  by[week] = columns.weekProfile[weekCell(row, at)]!;
  by[moved] = columns.last[row]! + today - columns.dayProfile[dayCell(row, at - elapsedMs)]!;
  const silent = silenced[seasonality];
  forecast.expected = mix(columns, row, by, last, moved, silent);
  forecast.slowly = mix(columns, row, by, level, week, silent);
  forecast.floor = relativeFloor * Math.abs(forecast.expected) + absoluteFloor;
  const scale = columns.scale[row]!;
  const spread = silent(day) ? NaN : columns.spread[spreadCell(row, at)]!;
  forecast.scale = Math.max(Number.isNaN(spread) ? scale : (scale + spread) / 2, forecast.floor);
  return forecast;
}

/** The mean of the experts `from` to `to`, weighed. */
function mix(
  columns: Columns,
  row: number,
  by: Float64Array,
  from: number,
  to: number,
  silent: (expert: number) => boolean,
): number {
  // Relative to the smallest error: the fourth power of a small one would leave the range of numbers.
  let least = Infinity;
  for (let i = from; i <= to; i++)
    if (speaks(columns, row, i, by, silent)) least = Math.min(least, errorOf(columns, row, i));
  let [weights, sum] = [0, 0];
  for (let i = from; i <= to; i++) {
    if (!speaks(columns, row, i, by, silent)) continue;
    const ratio = least / errorOf(columns, row, i);
    const weight = ratio * ratio * ratio * ratio;
    weights += weight;
    sum += weight * by[i]!;
  }
  return sum / weights;
}

const speaks = (columns: Columns, row: number, expert: number, by: Float64Array, silent: (expert: number) => boolean) =>
  expert <= level ||
  (!silent(expert) && !Number.isNaN(by[expert]!) && columns.forecasts[row * experts + expert]! >= profileSamples);

/** Never nothing: an expert that was always right would silence all others. */
const errorOf = (columns: Columns, row: number, expert: number) =>
  columns.error[row * experts + expert]! + 1e-3 * columns.scale[row]! + 1e-12;
