import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { DetectionConfig } from '@nightshift/types';
import { csvCell } from './csv-line.ts';
import { openCsv } from './csv.ts';
import { rowJudge } from './row-judge.ts';

export type Scored = { rows: number; alarms: number };

const header = 'timestamp,value,expected,low,high,score,alarm';

/**
 * Replays one file through a fresh detector and writes a row for every row, those too that were dropped: the score that alarms
 * are raised by, and whether one was. `to` is gzip where its name ends in `.gz`; it is there complete or not at all. Throws
 * where the file cannot be read. `onRows` is told now and then how many more there were.
 */
export async function scoreFile(
  from: string,
  to: string,
  config: DetectionConfig,
  onRows: (more: number) => void = () => {},
): Promise<Scored> {
  await mkdir(dirname(to), { recursive: true });
  const scored = { rows: 0, alarms: 0 };
  const unfinished = `${to}.part`;
  try {
    const pack = /\.gz$/i.test(to) ? createGzip({ level: 1 }) : new PassThrough();
    await pipeline(scoreLines(from, config, scored, onRows), pack, createWriteStream(unfinished));
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return scored;
}

async function* scoreLines(
  from: string,
  config: DetectionConfig,
  scored: Scored,
  onRows: (more: number) => void,
): AsyncGenerator<string> {
  yield `${header}\n`;
  const csv = await openCsv(from);
  if (!csv) return;
  const judge = rowJudge(config, csv.columns, basename(from).replace(/\.csv(\.gz)?$/i, ''));
  for await (const batch of csv.batches) {
    let text = '';
    for (const cells of batch) {
      const { cell, expected, low, high, score, alarm } = judge(cells);
      const [time, value] = [csvCell(cells[csv.columns.timestamp]), csvCell(cells[cell])];
      text += `${time},${value},${expected},${low},${high},${score},${alarm ? 1 : 0}\n`;
      if (alarm) scored.alarms++;
    }
    scored.rows += batch.length;
    onRows(batch.length);
    yield text;
  }
}
