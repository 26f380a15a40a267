import { join, resolve } from 'node:path';
import { scoreFile } from '@nightshift/backtest';
import { errorMessage, NightshiftError, type DetectionConfig } from '@nightshift/types';
import { filesOf } from '../csv-folder.ts';
import { startProgress } from '../progress.ts';

type ScoreOptions = { to: string; config: DetectionConfig; json: boolean };

/**
 * Writes the scores of every CSV file of a folder under the same relative path. A file that cannot be read is told of on stderr
 * and holds up no other; exit code 1 then.
 */
export async function score(folder: string, { to, config, json }: ScoreOptions): Promise<number> {
  if (resolve(to) === resolve(folder))
    throw new NightshiftError('CONFIG_INVALID', '--scores must name another folder than the one that is read');
  const files = await filesOf(folder, to);
  const progress = startProgress('files', files.length);
  const found: { file: string; rows: number; alarms: number }[] = [];
  const failed: { file: string; error: string }[] = [];
  for (const { path, name } of files) {
    progress.at(name);
    try {
      found.push({ file: name, ...(await scoreFile(path, join(to, name), config, progress.rows)) });
    } catch (error) {
      failed.push({ file: name, error: errorMessage(error) });
      progress.say(`${name}: ${errorMessage(error)}`);
    }
    progress.done();
  }
  const { rows, seconds, rowsPerSecond } = progress.end();
  const { detector } = config;
  if (json) process.stdout.write(`${JSON.stringify({ detector, seconds, rowsPerSecond, files: found, failed })}\n`);
  else {
    for (const { file, rows: of, alarms } of found) process.stdout.write(`${file}: ${of} rows, ${alarms} alarms\n`);
    process.stdout.write(`${rows} rows of ${found.length} files in ${seconds} s: ${rowsPerSecond} rows/s\n`);
  }
  return failed.length > 0 ? 1 : 0;
}
