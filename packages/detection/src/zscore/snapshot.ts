import { columnBytes, makeColumns, names, type Columns } from './columns.ts';

/**
 * Layout: u32 magic, u32 version, u32 length of the header, header (JSON in UTF-8: rows, metrics), then every column's bytes
 * in the order of `names`. Little-endian, as every machine Node runs on.
 */
export type Snapshot = { columns: Columns; rows: number; metrics: string[] };

const magic = 0x5a4e_5344;
const version = 1;
const fixedBytes = 12;

export function encodeSnapshot({ columns, rows, metrics }: Snapshot): Uint8Array {
  const header = new TextEncoder().encode(JSON.stringify({ rows, metrics }));
  const parts = names.map((name) => columnBytes(columns, name, rows));
  const bytes = new Uint8Array(fixedBytes + header.length + parts.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, version, true);
  view.setUint32(8, header.length, true);
  bytes.set(header, fixedBytes);
  let offset = fixedBytes + header.length;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Throws a RangeError that says what is wrong with bytes that no `encodeSnapshot` of this version made. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < fixedBytes || view.getUint32(0, true) !== magic)
    throw new RangeError('not a snapshot of this detector');
  const found = view.getUint32(4, true);
  if (found !== version) throw new RangeError(`snapshot of version ${found}, this detector reads version ${version}`);
  const headerEnd = fixedBytes + view.getUint32(8, true);
  if (headerEnd > bytes.length) throw new RangeError('snapshot is cut off in its header');
  const { rows, metrics } = JSON.parse(new TextDecoder().decode(bytes.subarray(fixedBytes, headerEnd))) as Omit<
    Snapshot,
    'columns'
  >;
  const columns = makeColumns(Math.max(1, rows));
  const size = names.reduce((sum, name) => sum + columnBytes(columns, name, rows).length, headerEnd);
  if (bytes.length !== size)
    throw new RangeError(`snapshot of ${rows} series should be ${size} bytes, is ${bytes.length}`);
  let offset = headerEnd;
  for (const name of names) {
    const target = columnBytes(columns, name, rows);
    target.set(bytes.subarray(offset, offset + target.length));
    offset += target.length;
  }
  return { columns, rows, metrics };
}
