import type { Columns } from './columns.ts';

/** A series of a file. `id` counts from 1. */
export type FileSeries = { id: number; service: string; metric: string; labels: string };

/** The series that each row has a value of: one, or in a wide file one for each column of values, in their order. */
export type SeriesOfRow = (cells: string[]) => readonly FileSeries[];

/**
 * Names the series of a file. With a column `metric` each row says whose it is (`service` and `labels` too, where there are such
 * columns). Without, a file is one metric; a wide one is one service whose metrics are its columns. `register` gives ids.
 */
export function seriesOfRows(
  columns: Columns,
  file: { service: string; metric: string },
  register: (series: Omit<FileSeries, 'id'>) => number,
): SeriesOfRow {
  const make = (series: Omit<FileSeries, 'id'>) => ({ id: register(series), ...series });
  const { metric, service, labels, values } = columns;
  if (metric >= 0) {
    const known = new Map<string, readonly FileSeries[]>();
    return (cells) => {
      const named = {
        service: cells[service]?.trim() || file.service,
        metric: cells[metric]?.trim() || file.metric,
        labels: cells[labels]?.trim() ?? '',
      };
      const key = JSON.stringify(Object.values(named));
      const found = known.get(key) ?? [make(named)];
      known.set(key, found);
      return found;
    };
  }
  const wide = values.length > 1;
  const own = values.map(({ name }) => make({ ...file, metric: wide ? name : file.metric, labels: '' }));
  return () => own;
}
