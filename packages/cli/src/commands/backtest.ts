import { writeFile } from 'node:fs/promises';
import {
  replayFile,
  reportHtml,
  reportText,
  startBacktest,
  type Backtest,
  type BacktestResult,
} from '@nightshift/backtest';
import { errorMessage, NightshiftError, type DetectionConfig } from '@nightshift/types';
import { filesOf } from '../csv-folder.ts';
import { startProgress, type Progress } from '../progress.ts';
import { defaultSettings, presentClassification, presentSettings, readSettings, type Settings } from '../settings.ts';
import { storedSamples } from '../stored-samples.ts';
import { withDatabase } from './database.ts';
import { score } from './score.ts';

export type BacktestOptions = {
  scores?: string;
  rules?: string;
  against?: string;
  report?: string;
  detector?: DetectionConfig['detector'];
  stored: boolean;
  /** Milliseconds. */
  since?: number;
  service?: string;
  json: boolean;
};

/** More pictures make a page that no browser likes. */
const mostPictures = 300;

/**
 * Replays CSV files, or the samples that the detector has recorded, and says what would have come of them: incidents, gained and
 * lost against the present settings where others are given, alarms a day. With `scores`, a file of scores for each file instead.
 * Exit code 1 where a file could not be read.
 */
export async function backtest(folder: string | undefined, options: BacktestOptions): Promise<number> {
  const { scores, stored } = options;
  if (stored === (folder !== undefined) || (stored && scores !== undefined))
    throw new NightshiftError('CONFIG_INVALID', 'name a folder of CSV files, or --stored (which has no --scores)');
  const used = await settingsOf(options);
  const { config } = used.settings;
  if (folder !== undefined && scores !== undefined) return score(folder, { to: scores, config, json: options.json });
  const pictures = options.report === undefined ? 0 : mostPictures;
  const classification = await presentClassification();
  const test = startBacktest({ config, classification, against: used.against?.config, pictures });
  const { failed, progress } = folder === undefined ? await fromStore(test, options) : await fromFiles(test, folder);
  await tell(test.result(), progress.end(), used, options);
  return failed > 0 ? 1 : 0;
}

async function fromFiles(test: Backtest, folder: string) {
  const files = await filesOf(folder);
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
  return { failed, progress };
}

async function fromStore(test: Backtest, { since, service }: BacktestOptions) {
  return withDatabase(async (db) => {
    const stored = await storedSamples(db, { sinceMs: since, service });
    const progress = startProgress('recordings', stored.rows);
    const samples = await stored.replay(test, (more) => {
      progress.rows(more);
      progress.done();
    });
    if (samples === 0)
      throw new NightshiftError(
        'NOT_FOUND',
        'no samples are stored of that time and service (KEEP_SAMPLES_HOURS says how long they are; the newest follow within ten seconds)',
      );
    return { failed: 0, progress };
  });
}

type Used = { settings: Settings; against: Settings | undefined };

/** The settings to replay under: those given, else the present ones, which those given are compared with; scores are by the defaults. */
async function settingsOf({ rules, against, detector, stored, scores }: BacktestOptions): Promise<Used> {
  const withDetector = ({ config, from }: Settings) => ({ config: { ...config, ...(detector && { detector }) }, from });
  const present = scores === undefined ? await presentSettings({ running: stored }) : defaultSettings;
  const settings = withDetector(rules ? await readSettings(rules) : present);
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
