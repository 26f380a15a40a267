import { writeFile } from 'node:fs/promises';
import { replayFile, reportHtml, reportText, startBacktest, type BacktestResult } from '@nightshift/backtest';
import { errorMessage, NightshiftError, type DetectionConfig } from '@nightshift/types';
import { filesOf } from '../csv-folder.ts';
import { startProgress, type Progress } from '../progress.ts';
import { presentSettings, readSettings, type Settings } from '../settings.ts';
import { score } from './score.ts';

export type BacktestOptions = {
  scores?: string;
  rules?: string;
  against?: string;
  report?: string;
  detector?: DetectionConfig['detector'];
  json: boolean;
};

/** More pictures make a page that no browser likes. */
const mostPictures = 300;

/**
 * Replays recorded samples and says what would have come of them: incidents, gained and lost against the present settings where
 * others are given, alarms a day. With `scores`, a file of scores for each file instead. Exit code 1 where a file could not be read.
 */
export async function backtest(folder: string, options: BacktestOptions): Promise<number> {
  const { settings, against } = await settingsOf(options);
  const { config } = settings;
  if (options.scores !== undefined) return score(folder, { to: options.scores, config, json: options.json });
  const files = await filesOf(folder);
  const test = startBacktest({ config, against: against?.config, pictures: options.report ? mostPictures : 0 });
  const progress = startProgress('files', files.length);
  let failed = 0;
  for (const file of files) {
    progress.at(file.name);
    await replayFile(file, test, progress.rows).catch((error: unknown) => {
      failed++;
      progress.say(`${file.name}: ${errorMessage(error)}`);
    });
    progress.done();
  }
  await tell(test.result(), progress.end(), { settings, against }, options);
  return failed > 0 ? 1 : 0;
}

type Used = { settings: Settings; against: Settings | undefined };

/** The settings to replay under: those given, else the present ones, which those given are compared with. */
async function settingsOf({ rules, against, detector }: BacktestOptions): Promise<Used> {
  const withDetector = ({ config, from }: Settings) => ({ config: { ...config, ...(detector && { detector }) }, from });
  const present = rules && against ? undefined : await presentSettings();
  const settings = withDetector(rules ? await readSettings(rules) : present!);
  if (!rules && !against && !detector) return { settings, against: undefined };
  return { settings, against: against ? await readSettings(against) : present };
}

async function tell(
  result: BacktestResult,
  { rows, seconds, rowsPerSecond }: ReturnType<Progress['end']>,
  { settings, against }: Used,
  { json, report }: BacktestOptions,
): Promise<void> {
  const words = `settings: ${settings.from}, ${settings.config.detector}${against ? `; against ${against.from}, ${against.config.detector}` : ''}`;
  if (report !== undefined) {
    await writeFile(report, reportHtml(result, 'Backtest', words)).catch((cause: unknown) => {
      throw new NightshiftError('FILE_INVALID', `${report} cannot be written: ${errorMessage(cause)}`, { cause });
    });
  }
  if (json) {
    const series = result.series.map(({ picture: _, ...each }) => each);
    process.stdout.write(`${JSON.stringify({ settings: words, rows, seconds, rowsPerSecond, ...result, series })}\n`);
    return;
  }
  process.stdout.write(`${reportText(result)}\n${words}\n${rows} rows in ${seconds} s: ${rowsPerSecond} rows/s\n`);
  if (report !== undefined) process.stdout.write(`pictures: ${report}\n`);
}
