import { clearRow, growColumns, makeColumns, moveRow, type Columns } from './columns.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot.ts';

/** All series of one detector: columns, and which row is whose. Rows in use are 0 to `rows` - 1. */
export type Table = {
  columns: Columns;
  rows: number;
  rowOf: Map<number, number>;
  metrics: string[];
  metricIndex: Map<string, number>;
};

const firstRows = 16;

export function makeTable(): Table {
  return { columns: makeColumns(firstRows), rows: 0, rowOf: new Map(), metrics: [], metricIndex: new Map() };
}

/** The row of a series; a new one where it has none. */
export function rowFor(table: Table, seriesId: number, metric: string): number {
  const known = table.rowOf.get(seriesId);
  if (known !== undefined) return known;
  if (table.rows === table.columns.seriesId.length) table.columns = growColumns(table.columns, table.rows * 2);
  const row = table.rows++;
  table.rowOf.set(seriesId, row);
  clearRow(table.columns, row);
  table.columns.seriesId[row] = seriesId;
  table.columns.metric[row] = indexOf(table, metric);
  return row;
}

/** Forgets a series; the last row takes its place. */
export function removeRow(table: Table, row: number): void {
  table.rowOf.delete(table.columns.seriesId[row]!);
  const last = --table.rows;
  if (row === last) return;
  moveRow(table.columns, last, row);
  table.rowOf.set(table.columns.seriesId[row]!, row);
}

export function saveTable(table: Table): Uint8Array {
  return encodeSnapshot(table);
}

/** Throws a RangeError for bytes that `saveTable` did not make. */
export function loadTable(bytes: Uint8Array): Table {
  const { columns, rows, metrics } = decodeSnapshot(bytes);
  const rowOf = new Map(Array.from(columns.seriesId.subarray(0, rows), (seriesId, row) => [seriesId, row]));
  return { columns, rows, rowOf, metrics, metricIndex: new Map(metrics.map((metric, index) => [metric, index])) };
}

function indexOf(table: Table, metric: string): number {
  const known = table.metricIndex.get(metric);
  if (known !== undefined) return known;
  const index = table.metrics.push(metric) - 1;
  table.metricIndex.set(metric, index);
  return index;
}
