import type { Room } from '../room.ts';
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
const leastGrowth = 1 / 16;

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

/** The row of a series; a new one where it has none, and undefined where there is no room for that. */
export function rowFor<F extends Fields & SharedFields>(
  table: Table<F>,
  seriesId: number,
  metric: string,
  room: Room,
): number | undefined {
  const known = table.rowOf.get(seriesId);
  if (known !== undefined) return known;
  if (room.series() < 1 || !grow(table, room)) return undefined;
  const row = table.rows++;
  table.rowOf.set(seriesId, row);
  clearRow(table.layout, table.columns, row);
  table.columns.seriesId[row] = seriesId;
  table.columns.metric[row] = indexOf(table, metric);
  return row;
}

/** Bytes of the state of all series, with the rows that wait for more. */
export const tableBytes = ({ columns }: { columns: Record<string, { byteLength: number }> }): number =>
  Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, 0);

/** Sees that there is a free row: twice as many as there were, or as many as there is room for. Growing copies, so few more are none. */
function grow<F extends Fields & SharedFields>(table: Table<F>, room: Room): boolean {
  const { rows, layout } = table;
  const capacity = table.columns.seriesId.length;
  if (rows < capacity) return true;
  const more = Math.min(capacity, Math.floor(room.bytes() / (tableBytes(table) / capacity)));
  if (more < capacity * leastGrowth) return false;
  table.columns = growColumns(layout, table.columns, capacity + more);
  return true;
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
