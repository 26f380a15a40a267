import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { columnsOf, type Columns } from './columns.ts';

/**
 * A file that is being read: `batches` are its rows, cells as they stand, without blank lines; many at a time, because a promise
 * for each would cost more than to judge it. Null: it has no row.
 */
export type Csv = { columns: Columns; batches: AsyncIterable<string[][]> } | null;

const chunkBytes = 256 * 1024;
const rowChars = 1024 * 1024;
const rowsAhead = 1_024;

/**
 * Opens a CSV file (RFC 4180; gzip where its name ends in `.gz`) and reads it as a stream, however long it is. Short and long
 * rows are taken as they are. Throws where the file cannot be read or unpacked, or its first line does not name the columns.
 */
export async function openCsv(path: string): Promise<Csv> {
  const batches = inBatches(parsed(path));
  const rows: string[][] = [];
  while (rows.length < 2) {
    const { done, value } = await batches.next();
    if (done) return null;
    rows.push(...value);
  }
  const [header, first] = rows;
  return { columns: columnsOf(header!, first!, path), batches: after(rows.slice(1), batches) };
}

function parsed(path: string): Readable {
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

async function* inBatches(rows: Readable): AsyncGenerator<string[][], undefined> {
  while (!rows.readableEnded) {
    if (rows.errored) throw rows.errored;
    const batch: string[][] = [];
    for (let cells; (cells = rows.read() as string[] | null) !== null;) if (!isBlank(cells)) batch.push(cells);
    if (batch.length > 0) yield batch;
    else if (!rows.errored) await moreOf(rows);
  }
}

/** Resolves when there is more to read, or nothing any more. */
function moreOf(rows: Readable): Promise<void> {
  const events = ['readable', 'end', 'error', 'close'];
  return new Promise((resolve) => {
    const come = () => {
      for (const event of events) rows.off(event, come);
      resolve();
    };
    for (const event of events) rows.on(event, come);
  });
}

async function* after(first: string[][], rest: AsyncIterable<string[][]>): AsyncGenerator<string[][]> {
  yield first;
  yield* rest;
}
