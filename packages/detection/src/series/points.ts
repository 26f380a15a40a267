import type { HistoryPoint } from '../detector.ts';
import { ring, type SharedColumns } from './columns.ts';
import type { Band } from './detector.ts';

/** Where the expected value lies between the ends of a band is kept in so many steps. */
const shares = 65_535;

/** Keeps a point for charts, with the band it was judged by. */
export function remember(columns: SharedColumns, row: number, at: number, value: number, band: Band | null): void {
  const cell = row * ring + (columns.points[row]! % ring);
  columns.pointGap[cell] = columns.points[row]! > 0 ? at - columns.pointAt[row]! : 0;
  columns.pointAt[row] = at;
  columns.pointValue[cell] = value;
  columns.pointLow[cell] = band?.low ?? NaN;
  columns.pointHigh[cell] = band?.high ?? NaN;
  columns.pointShare[cell] = band ? Math.round((shares * (band.expected - band.low)) / (band.high - band.low)) : 0;
  columns.points[row] = columns.points[row]! + 1;
}

/** The last points, oldest first. Bands were kept in single precision: good to seven digits. */
export function pointsOf(columns: SharedColumns, row: number): HistoryPoint[] {
  const total = columns.points[row]!;
  let at = columns.pointAt[row]!;
  const newestFirst = Array.from({ length: Math.min(total, ring) }, (_, i) => {
    const cell = row * ring + ((total - 1 - i) % ring);
    const point = { at, value: columns.pointValue[cell]!, ...bandIn(columns, cell) };
    at -= columns.pointGap[cell]!;
    return point;
  });
  return newestFirst.toReversed();
}

function bandIn(columns: SharedColumns, cell: number): Pick<HistoryPoint, 'expected' | 'low' | 'high'> {
  const low = columns.pointLow[cell]!;
  const high = columns.pointHigh[cell]!;
  if (Number.isNaN(low)) return { expected: null, low: null, high: null };
  return { expected: low + (columns.pointShare[cell]! / shares) * (high - low), low, high };
}
