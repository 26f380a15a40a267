import { join, resolve } from 'node:path';
import { csvFiles, scoreFile, type CsvFile } from '@nightshift/backtest';
import { DetectionConfig, errorMessage, NightshiftError } from '@nightshift/types';
import { startProgress } from '../progress.ts';

export type BacktestOptions = { scores: string; detector: DetectionConfig['detector']; json: boolean };

/**
 * Replays every CSV file of a folder through a detector at its default settings and writes its scores under the same relative
 * path. A file that cannot be read is told of on stderr and holds up no other; exit code 1 then.
 */
export async function backtest(folder: string, { scores, detector, json }: BacktestOptions): Promise<number> {
  const config = DetectionConfig.parse({ schema: 1, detector });
  if (resolve(scores) === resolve(folder))
    throw new NightshiftError('CONFIG_INVALID', '--scores must name another folder than the one that is read');
  const files = await filesOf(folder, scores);
  const progress = startProgress('files', files.length);
  const found: { file: string; rows: number; alarms: number }[] = [];
  const failed: { file: string; error: string }[] = [];
  for (const { path, name } of files) {
    progress.at(name);
    try {
      const scored = await scoreFile(path, join(scores, name), config);
      found.push({ file: name, ...scored });
      progress.done(scored.rows);
    } catch (error) {
      failed.push({ file: name, error: errorMessage(error) });
      progress.say(`${name}: ${errorMessage(error)}`);
    }
  }
  const { rows, seconds, rowsPerSecond } = progress.end();
  if (json) process.stdout.write(`${JSON.stringify({ detector, seconds, rowsPerSecond, files: found, failed })}\n`);
  else {
    for (const { file, rows: of, alarms } of found) process.stdout.write(`${file}: ${of} rows, ${alarms} alarms\n`);
    process.stdout.write(`${rows} rows of ${found.length} files in ${seconds} s: ${rowsPerSecond} rows/s\n`);
  }
  return failed.length > 0 ? 1 : 0;
}

async function filesOf(folder: string, except: string): Promise<CsvFile[]> {
  const files = await csvFiles(folder, except).catch((cause: unknown) => {
    throw new NightshiftError('FILE_INVALID', `${folder} cannot be read: ${errorMessage(cause)}`, { cause });
  });
  if (files.length === 0) throw new NightshiftError('FILE_INVALID', `there is no .csv or .csv.gz file in ${folder}`);
  return files;
}
