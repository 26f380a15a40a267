import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline as pipe } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { createDetector } from '@nightshift/detection';
import type { DetectionConfig } from '@nightshift/types';

/** The CSV files (`.csv`, `.csv.gz`) in a folder and below it, or the file itself; `name` is the path in the folder. */
export async function csvFiles(path: string): Promise<{ path: string; name: string }[]> {
  if (!(await stat(path)).isDirectory()) return [{ path, name: basename(path) }];
  const names = await readdir(path, { recursive: true, withFileTypes: true });
  return names
    .filter((entry) => entry.isFile() && /\.csv(\.gz)?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((file) => ({ path: file, name: relative(path, file) }));
}

const header = 'timestamp,value,expected,low,high,score,alarm';

/**
 * Replays one file (`timestamp,value[,...]`; epoch s or ms, or ISO times, which are UTC unless they say otherwise) through a
 * fresh detector. Writes a line for every line, also for those that were dropped (score 0): the score that alarms are raised
 * by, and whether one was. Returns how many rows and alarms there were. Throws where the header lacks a column.
 */
export async function replayCsv(
  from: string,
  to: string,
  config: DetectionConfig,
): Promise<{ rows: number; alarms: number }> {
  await mkdir(dirname(to), { recursive: true });
  const counted = { rows: 0, alarms: 0 };
  await pipeline(scoreLines(linesOf(from), from, config, counted), createWriteStream(to));
  return counted;
}

/** Throws where the file cannot be read or unpacked. */
async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  // The pipeline hands errors of the file on to whoever reads the last stream.
  const input = path.endsWith('.gz') ? pipe(file, createGunzip(), () => undefined) : file;
  let rest = '';
  for await (const chunk of input.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines.map(withoutReturn);
  }
  if (rest !== '') yield withoutReturn(rest);
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line);

async function* scoreLines(
  lines: AsyncIterable<string>,
  path: string,
  config: DetectionConfig,
  counted: { rows: number; alarms: number },
): AsyncGenerator<string> {
  const detector = createDetector(config);
  // The name of the file is the metric's, so that rules apply to it.
  const metric = basename(path).replace(/\.csv(\.gz)?$/, '');
  let columns: { timestamp: number; value: number } | undefined;
  for await (const line of lines) {
    if (!columns) {
      columns = columnsOf(line, path);
      yield `${header}\n`;
    } else if (line !== '') {
      const cells = line.split(',');
      const timestamp = cells[columns.timestamp] ?? '';
      const text = cells[columns.value] ?? '';
      const value = text.trim() === '' ? NaN : Number(text);
      const { expected, low, high, alarmScore, alarm } = detector.observe(1, metric, epochMs(timestamp), value);
      counted.rows++;
      counted.alarms += Number(alarm);
      yield `${[timestamp, text, ...[expected, low, high].map(orEmpty), alarmScore, Number(alarm)].join(',')}\n`;
    }
  }
}

function columnsOf(line: string, path: string): { timestamp: number; value: number } {
  const names = line
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const columns = { timestamp: names.indexOf('timestamp'), value: names.indexOf('value') };
  if (columns.timestamp < 0 || columns.value < 0)
    throw new Error(`${path}: the first line must name the columns timestamp and value, it is "${line.slice(0, 80)}"`);
  return columns;
}

const orEmpty = (value: number) => (Number.isNaN(value) ? '' : value);

/** Epoch ms of epoch seconds, epoch ms, or ISO text. NaN for anything else. */
export function epochMs(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && !Number.isNaN(number)) return Math.abs(number) < 1e11 ? number * 1_000 : number;
  const iso = text.trim().replace(' ', 'T');
  // A date alone is UTC already.
  return Date.parse(!iso.includes('T') || /(Z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso}Z`);
}
