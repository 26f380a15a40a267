import { join } from 'node:path';
import { DetectionConfig } from '@nightshift/types';
import { csvFiles, replayCsv } from '../replay-csv.ts';

export type BacktestOptions = { scores: string; detector: DetectionConfig['detector']; json: boolean };

/**
 * Replays every CSV file of a folder through a detector at its default settings and writes its scores under the same relative
 * path (without `.gz`). Exit code 1 where there is no file.
 */
export async function backtest(folder: string, { scores, detector, json }: BacktestOptions): Promise<number> {
  const config = DetectionConfig.parse({ schema: 1, detector });
  const files = await csvFiles(folder);
  if (files.length === 0) {
    process.stderr.write(`no .csv or .csv.gz file in ${folder}\n`);
    return 1;
  }
  const found: { file: string; rows: number; alarms: number }[] = [];
  for (const { path, name } of files) {
    const counted = await replayCsv(path, join(scores, name.replace(/\.gz$/, '')), config);
    found.push({ file: name, ...counted });
    if (!json) process.stdout.write(`${name}: ${counted.rows} rows, ${counted.alarms} alarms\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify({ detector, files: found })}\n`);
  return 0;
}
