import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** Columns of numbers by name, and the columns that are text. */
export type Table = { rows: number; numbers: Map<string, Float64Array>; texts: Map<string, string[]> };

/**
 * Reads a CSV file (`.gz` too) with one line of names. `timestamp` becomes epoch ms: seconds are multiplied, text is read as a
 * time in UTC. No quotes: none of the data sets has any.
 */
export function readTable(file: string, textColumns: string[] = []): Table {
  const bytes = readFileSync(file);
  const lines = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trimEnd().split(/\r?\n/);
  const names = lines[0]!.split(',');
  const rows = lines.length - 1;
  const texts = new Map(textColumns.map((name) => [name, Array.from({ length: rows }, () => '')]));
  const numbers = new Map(
    names.filter((name) => !texts.has(name)).map((name) => [name, new Float64Array(rows)] as const),
  );
  const write = names.map((name) => {
    const text = texts.get(name);
    if (text) return (row: number, cell: string) => void (text[row] = cell);
    const column = numbers.get(name)!;
    const read = name === 'timestamp' ? epochMs : Number;
    return (row: number, cell: string) => void (column[row] = read(cell));
  });
  for (let row = 0; row < rows; row++) {
    const cells = lines[row + 1]!.split(',');
    for (let i = 0; i < names.length; i++) write[i]!(row, cells[i] ?? '');
  }
  return { rows, numbers, texts };
}

/** Epoch ms of `2014-02-14 14:30:00` (UTC) or of epoch seconds. */
export function epochMs(text: string): number {
  const number = Number(text);
  return Number.isNaN(number) ? Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`) : number * 1_000;
}
