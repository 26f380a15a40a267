import { dayCell, spreadCell, weekCell } from './bins.ts';
import { experts, type Columns } from './columns.ts';
import { absoluteFloor, profileSamples, relativeFloor } from './constants.ts';

/** What a series was expected to be, by whom, and how far from it is usual. Reused from sample to sample. */
export type Forecast = { expected: number; scale: number; floor: number; by: Float64Array };

export const makeForecast = (): Forecast => ({ expected: 0, scale: 0, floor: 0, by: new Float64Array(experts) });

/**
 * Mixes the experts' forecasts for a time, each weighed by its recent error to the power of -4, and the scale: half the mean
 * absolute residual of all times, half that of this time of day. Looks at nothing but what was learned before.
 */
export function forecastInto(forecast: Forecast, columns: Columns, row: number, at: number): Forecast {
  const { by } = forecast;
  by[0] = columns.last[row]!;
  by[1] = columns.level[row]!;
  by[2] = columns.dayProfile[dayCell(row, at)]!;
  by[3] = columns.weekProfile[weekCell(row, at)]!;
  const scale = columns.scale[row]!;
  // Relative to the smallest error: the fourth power of a small one would leave the range of numbers.
  let least = Infinity;
  for (let i = 0; i < experts; i++) if (speaks(columns, row, i, by)) least = Math.min(least, errorOf(columns, row, i));
  let [weights, sum] = [0, 0];
  for (let i = 0; i < experts; i++) {
    if (!speaks(columns, row, i, by)) continue;
    const ratio = least / errorOf(columns, row, i);
    const weight = ratio * ratio * ratio * ratio;
    weights += weight;
    sum += weight * by[i]!;
  }
  const expected = sum / weights;
  const floor = relativeFloor * Math.abs(expected) + absoluteFloor;
  const spread = columns.spread[spreadCell(row, at)]!;
  forecast.expected = expected;
  forecast.floor = floor;
  forecast.scale = Math.max(Number.isNaN(spread) ? scale : (scale + spread) / 2, floor);
  return forecast;
}

const speaks = (columns: Columns, row: number, expert: number, by: Float64Array) =>
  expert < 2 || (!Number.isNaN(by[expert]!) && columns.forecasts[row * experts + expert]! >= profileSamples);

/** Never nothing: an expert that was always right would silence all others. */
const errorOf = (columns: Columns, row: number, expert: number) =>
  columns.error[row * experts + expert]! + 1e-3 * columns.scale[row]! + 1e-12;
