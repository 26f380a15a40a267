import { columnBytes, makeColumns, type ColumnsOf, type Fields, type Layout, type SharedFields } from './columns.ts';
import { upgrade } from './upgrade.ts';

/**
 * Layout: u32 magic, u32 version, u32 length of the header, header (JSON in UTF-8: rows, metrics), then every column's bytes
 * in the order of the layout. Little-endian, as every machine Node runs on.
 */
type Snapshot<F extends Fields> = { columns: ColumnsOf<F>; rows: number; metrics: string[] };

const fixedBytes = 12;

export function encodeSnapshot<F extends Fields>(
  layout: Layout<F>,
  { columns, rows, metrics }: Snapshot<F>,
): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ rows, metrics }));
  const parts = Object.keys(layout.fields).map((name) => columnBytes(layout, columns, name, rows));
  const bytes = new Uint8Array(fixedBytes + header.length + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, layout.magic, true);
  view.setUint32(4, layout.version, true);
  view.setUint32(8, header.length, true);
  bytes.set(header, fixedBytes);
  let offset = fixedBytes + header.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Whether bytes begin as snapshots of this layout do. */
export function isSnapshotOf({ magic }: { magic: number }, bytes: Uint8Array): boolean {
  return bytes.length >= fixedBytes && viewOf(bytes).getUint32(0, true) === magic;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Throws a RangeError that says what is wrong with bytes that no `encodeSnapshot` of a known version made. */
export function decodeSnapshot<F extends Fields & SharedFields>(layout: Layout<F>, bytes: Uint8Array): Snapshot<F> {
  if (!isSnapshotOf(layout, bytes)) throw new RangeError('not a snapshot of this detector');
  const view = viewOf(bytes);
  const version = view.getUint32(4, true);
  const headerEnd = fixedBytes + view.getUint32(8, true);
  if (headerEnd > bytes.length) throw new RangeError('snapshot is cut off in its header');
  const { rows, metrics } = JSON.parse(new TextDecoder().decode(bytes.subarray(fixedBytes, headerEnd))) as Omit<
    Snapshot<F>,
    'columns'
  >;
  if (version === layout.version) return { columns: readColumns(layout, bytes, headerEnd, rows), rows, metrics };
  const former = layout.former.find((each) => each.version === version);
  if (!former) throw new RangeError(`snapshot of version ${version}, this detector reads up to ${layout.version}`);
  const columns = readColumns({ ...layout, fields: former.fields }, bytes, headerEnd, rows);
  return { columns: upgrade(layout, { fields: former.fields, columns }, rows), rows, metrics };
}

function readColumns<F extends Fields>(layout: Layout<F>, bytes: Uint8Array, from: number, rows: number): ColumnsOf<F> {
  const names = Object.keys(layout.fields);
  const columns = makeColumns(layout, Math.max(1, rows));
  const size = names.reduce((sum, name) => sum + columnBytes(layout, columns, name, rows).length, from);
  if (bytes.length !== size)
    throw new RangeError(`snapshot of ${rows} series should be ${size} bytes, is ${bytes.length}`);
  let offset = from;
  for (const name of names) {
    const target = columnBytes(layout, columns, name, rows);
    target.set(bytes.subarray(offset, offset + target.length));
    offset += target.length;
  }
  return columns;
}
