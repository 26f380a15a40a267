import { csvFiles, type CsvFile } from '@nightshift/backtest';
import { errorMessage, NightshiftError } from '@nightshift/types';

/** The CSV files of a folder, without those in `except`. Throws FILE_INVALID where there is none. */
export async function filesOf(folder: string, except?: string): Promise<CsvFile[]> {
  const files = await csvFiles(folder, except).catch((cause: unknown) => {
    throw new NightshiftError('FILE_INVALID', `${folder} cannot be read: ${errorMessage(cause)}`, { cause });
  });
  if (files.length === 0) throw new NightshiftError('FILE_INVALID', `there is no .csv or .csv.gz file in ${folder}`);
  return files;
}
