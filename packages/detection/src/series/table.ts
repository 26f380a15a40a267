import {
  clearRow,
  growColumns,
  makeColumns,
  moveRow,
  type ColumnsOf,
  type Fields,
  type Layout,
  type SharedFields,
} from './columns.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';

/** All series of one detector: columns, and which row is whose. Rows in use are 0 to `rows` - 1. */
export type Table<F extends Fields & SharedFields> = {
  layout: Layout<F>;
  columns: ColumnsOf<F>;
  rows: number;
  rowOf: Map<number, number>;
  metrics: string[];
  metricIndex: Map<string, number>;
};

const firstRows = 16;

export function makeTable<F extends Fields & SharedFields>(layout: Layout<F>): Table<F> {
  return {
    layout,
    columns: makeColumns(layout, firstRows),
    rows: 0,
    rowOf: new Map(),
    metrics: [],
    metricIndex: new Map(),
  };
}

/** The row of a series; a new one where it has none. */
export function rowFor<F extends Fields & SharedFields>(table: Table<F>, seriesId: number, metric: string): number {
  const known = table.rowOf.get(seriesId);
  if (known !== undefined) return known;
  if (table.rows === table.columns.seriesId.length)
    table.columns = growColumns(table.layout, table.columns, table.rows * 2);
  const row = table.rows++;
  table.rowOf.set(seriesId, row);
  clearRow(table.layout, table.columns, row);
  table.columns.seriesId[row] = seriesId;
  table.columns.metric[row] = indexOf(table, metric);
  return row;
}

/** Forgets a series; the last row takes its place. */
export function removeRow<F extends Fields & SharedFields>(table: Table<F>, row: number): void {
  table.rowOf.delete(table.columns.seriesId[row]!);
  const last = --table.rows;
  if (row === last) return;
  moveRow(table.layout, table.columns, last, row);
  table.rowOf.set(table.columns.seriesId[row]!, row);
}

export function saveTable<F extends Fields & SharedFields>(table: Table<F>): Uint8Array {
  return encodeSnapshot(table.layout, table);
}

/** Throws a RangeError for bytes that `saveTable` did not make. */
export function loadTable<F extends Fields & SharedFields>(layout: Layout<F>, bytes: Uint8Array): Table<F> {
  const { columns, rows, metrics } = decodeSnapshot(layout, bytes);
  const rowOf = new Map(Array.from(columns.seriesId.subarray(0, rows), (seriesId, row) => [seriesId, row]));
  return {
    layout,
    columns,
    rows,
    rowOf,
    metrics,
    metricIndex: new Map(metrics.map((metric, index) => [metric, index])),
  };
}

function indexOf(table: { metrics: string[]; metricIndex: Map<string, number> }, metric: string): number {
  const known = table.metricIndex.get(metric);
  if (known !== undefined) return known;
  const index = table.metrics.push(metric) - 1;
  table.metricIndex.set(metric, index);
  return index;
}
