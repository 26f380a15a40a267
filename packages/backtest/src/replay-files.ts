import { basename, dirname, resolve } from 'node:path';
import type { Backtest } from './backtest.ts';
import { numberIn, truthIn, type Columns } from './columns.ts';
import type { CsvFile } from './csv-files.ts';
import { openCsv } from './csv.ts';
import { seriesOfRows } from './series.ts';
import { epochMs } from './times.ts';

/**
 * Replays one file. The folder that it lies in is its service, its name is its metric, unless its rows say otherwise. Rows whose
 * `part` is `train` are learned and not counted. `onRows` is told now and then how many more there were; returns their number.
 * Throws where the file cannot be read.
 */
export async function replayFile(
  { path, name }: CsvFile,
  backtest: Backtest,
  onRows: (more: number) => void,
): Promise<number> {
  const csv = await openCsv(path);
  if (!csv) return 0;
  const { columns } = csv;
  const seriesOf = seriesOfRows(columns, placeOf(path, name), (series) =>
    backtest.register(series, columns.label >= 0),
  );
  let rows = 0;
  for await (const batch of csv.batches) {
    for (const cells of batch) {
      const at = epochMs(cells[columns.timestamp] ?? '');
      const labelled = truthIn(cells[columns.label]);
      const warmUp = isTraining(cells, columns);
      seriesOf(cells).forEach((id, i) =>
        backtest.sample(id, { at, value: numberIn(cells[columns.values[i]!.cell]), labelled, warmUp }),
      );
    }
    // Rows that name their series come in the order of time; of files that are one series each, all must be in.
    if (columns.metric >= 0) backtest.settle();
    rows += batch.length;
    onRows(batch.length);
  }
  return rows;
}

function placeOf(path: string, name: string): { service: string; metric: string } {
  const folder = dirname(name);
  return {
    service: folder === '.' ? basename(dirname(resolve(path))) : folder,
    metric: basename(name).replace(/\.csv(\.gz)?$/i, ''),
  };
}

const isTraining = (cells: string[], { part }: Columns) => part >= 0 && cells[part]?.trim() === 'train';
