import { MetricKind, type Labels } from '@nightshift/types';
import type { Columns } from './columns.ts';

/** Whose samples they are; what rules can ask of a series. `said`: what its sender says that the metric is. `createdAt`: when it began, where that is known. */
export type SeriesName = { service: string; metric: string; labels: Labels; said?: MetricKind; createdAt?: number };

/** The series that each row has a value of, by the number that `register` gave: one, or in a wide file one for each column of values. */
export type SeriesOfRow = (cells: string[]) => readonly number[];

/**
 * Names the series of a file. With a column `metric` each row says whose it is (`service`, `labels` as JSON and `kind` too,
 * where there are such columns). Without, a file is one metric; a wide one is one service, whose metrics are its columns.
 */
export function seriesOfRows(
  columns: Columns,
  file: { service: string; metric: string },
  register: (series: SeriesName) => number,
): SeriesOfRow {
  const { metric, values } = columns;
  if (metric >= 0) return namedByRow(columns, file, register);
  const wide = values.length > 1;
  const service = wide ? `${file.service}/${file.metric}` : file.service;
  const own = values.map(({ name }) => register({ service, metric: wide ? name : file.metric, labels: {} }));
  return () => own;
}

function namedByRow(
  { metric, service, labels, kind }: Columns,
  file: { service: string; metric: string },
  register: (series: SeriesName) => number,
): SeriesOfRow {
  const known = new Map<string, readonly number[]>();
  return (cells) => {
    const key = `${cells[service]}\0${cells[metric]}\0${cells[labels]}`;
    let found = known.get(key);
    if (!found) {
      found = [
        register({
          service: cells[service]?.trim() || file.service,
          metric: cells[metric]?.trim() || file.metric,
          labels: labelsIn(cells[labels] ?? ''),
          ...(MetricKind.safeParse(cells[kind]).success && { said: cells[kind] as MetricKind }),
        }),
      ];
      known.set(key, found);
    }
    return found;
  };
}

/** Labels as JSON; text that is none is a label of its own, so that it still tells series apart. */
function labelsIn(cell: string): Labels {
  if (cell.trim() === '') return {};
  try {
    const parsed: unknown = JSON.parse(cell);
    if (typeof parsed === 'object' && parsed !== null)
      return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
  } catch {
    // not JSON
  }
  return { labels: cell };
}
