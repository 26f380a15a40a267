import { writeFile } from 'node:fs/promises';
import { csvLine } from '@nightshift/backtest';
import { errorMessage, NightshiftError, type Labels } from '@nightshift/types';
import { incidentOrNewest, withDatabase } from './database.ts';

type Row = { at: number; service: string; metric: string; labels: Labels; value: number; off: boolean };

const columns = ['timestamp', 'service', 'metric', 'labels', 'kind', 'value', 'label'];

/**
 * Writes the samples that are kept of an incident's series as a CSV file that `backtest` reads; `label` is 1 while a series was off.
 * They are values as they were judged: of a counter its rate, which is why all are gauges. Without a name, of the
 * newest incident; without `out`, to stdout.
 */
export const exportIncident = (named: string | undefined, { out }: { out?: string }): Promise<number> =>
  withDatabase(async (db) => {
    const id = await incidentOrNewest(db, named);
    const rows = await db.query<Row>(
      `SELECT p.at, s.service, s.name AS metric, s.labels, p.value,
              EXISTS (SELECT FROM anomaly a WHERE a.incident_id = $1 AND a.series_id = p.series_id
                         AND p.at BETWEEN a.started_at AND coalesce(a.ended_at, a.last_at)) AS off
         FROM point p JOIN series s ON s.id = p.series_id WHERE p.incident_id = $1 ORDER BY p.at, p.series_id`,
      [id],
    );
    if (rows.length === 0)
      throw new NightshiftError('NOT_FOUND', `there is no incident ${id}, or no samples are kept of it`);
    const lines = rows.map(({ at, service, metric, labels, value, off }) =>
      csvLine([String(at), service, metric, JSON.stringify(labels), 'gauge', String(value), String(Number(off))]),
    );
    const text = [csvLine(columns), ...lines, ''].join('\n');
    if (out === undefined) process.stdout.write(text);
    else {
      await writeFile(out, text).catch((cause: unknown) => {
        throw new NightshiftError('FILE_INVALID', `${out} cannot be written: ${errorMessage(cause)}`, { cause });
      });
      process.stderr.write(`${rows.length} samples in ${out}\n`);
    }
    return 0;
  });
