import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { columnsOf, type Columns } from './columns.ts';

/** A file that is being read: `rows` are its cells as they stand, without blank lines. Null: it has no row. */
export type Csv = { columns: Columns; rows: AsyncIterable<string[]> } | null;

const chunkBytes = 256 * 1024;
const rowChars = 1024 * 1024;
const rowsAhead = 1_024;

/**
 * Opens a CSV file (RFC 4180; gzip where its name ends in `.gz`) and reads it as a stream, however long it is. Short and long
 * rows are taken as they are. Throws where the file cannot be read or unpacked, or its first line does not name the columns.
 */
export async function openCsv(path: string): Promise<Csv> {
  const all = parsed(path)[Symbol.asyncIterator]();
  const header = await nextRow(all);
  const first = header && (await nextRow(all));
  return first ? { columns: columnsOf(header, first, path), rows: rowsFrom(first, all) } : null;
}

function parsed(path: string): AsyncIterable<string[]> {
  const options = {
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: rowChars,
    // An option of the stream: how many rows are parsed ahead of the reader.
    readableHighWaterMark: rowsAhead,
  };
  const parser = parse(options);
  const file = createReadStream(path, { highWaterMark: chunkBytes });
  // Errors of any part reach whoever reads the rows.
  if (/\.gz$/i.test(path)) pipeline(file, createGunzip({ chunkSize: chunkBytes }), parser, () => undefined);
  else pipeline(file, parser, () => undefined);
  return parser;
}

const isBlank = (cells: string[]) => cells.length === 1 && cells[0]!.trim() === '';

async function nextRow(rows: AsyncIterator<string[]>): Promise<string[] | undefined> {
  for (;;) {
    const { done, value } = await rows.next();
    if (done) return undefined;
    if (!isBlank(value)) return value;
  }
}

async function* rowsFrom(first: string[], rest: AsyncIterator<string[]>): AsyncGenerator<string[]> {
  for (let row: string[] | undefined = first; row; row = await nextRow(rest)) yield row;
}
