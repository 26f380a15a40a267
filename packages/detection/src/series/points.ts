import type { HistoryPoint } from '../detector.ts';
import { ring, type SharedColumns } from './columns.ts';
import type { Band } from './detector.ts';

/** Keeps a point for charts, with the band it was judged by. */
export function remember(columns: SharedColumns, row: number, at: number, value: number, band: Band | null): void {
  const cell = row * ring + (columns.points[row]! % ring);
  columns.pointAt[cell] = at;
  columns.pointValue[cell] = value;
  columns.pointExpected[cell] = band?.expected ?? NaN;
  columns.pointLow[cell] = band?.low ?? NaN;
  columns.pointHigh[cell] = band?.high ?? NaN;
  columns.points[row] = columns.points[row]! + 1;
}

/** The last points, oldest first. Bands were kept in single precision: good to seven digits. */
export function pointsOf(columns: SharedColumns, row: number): HistoryPoint[] {
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
