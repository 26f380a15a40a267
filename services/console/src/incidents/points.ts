import type { Sql } from '@nightshift/db';
import { incidentLimits } from '@nightshift/types';
import type { Points } from '../wire.ts';

type Row = { at: number; value: number; expected: number | null; low: number | null; high: number | null };

/** A chart is some 800 pixels wide: more points than this cannot be seen. */
const mostPoints = 1_200;

/** The points of one series of an incident after `since` (epoch ms), oldest first, thinned for a chart. */
export async function readPoints(sql: Sql, incidentId: string, seriesId: number, since: number): Promise<Points> {
  const rows = await sql.query<Row>(
    `SELECT * FROM (
       SELECT at, value, expected, low, high FROM point
        WHERE incident_id = $1 AND series_id = $2 AND at > ms($3) ORDER BY at DESC LIMIT $4) newest ORDER BY at`,
    [incidentId, seriesId, since, incidentLimits.pointsPerSeries],
  );
  return columns(thin(rows, mostPoints));
}

/** At most `most` rows: of every stretch the lowest and the highest stay, so that no spike is lost. Pure. */
export function thin<T extends { value: number }>(rows: T[], most: number): T[] {
  if (rows.length <= most) return rows;
  const stretch = Math.ceil(rows.length / Math.floor(most / 2));
  const kept: T[] = [];
  for (let from = 0; from < rows.length; from += stretch) {
    const part = rows.slice(from, from + stretch);
    const lowest = part.reduce((best, row, i) => (row.value < part[best]!.value ? i : best), 0);
    const highest = part.reduce((best, row, i) => (row.value > part[best]!.value ? i : best), 0);
    for (const i of new Set([Math.min(lowest, highest), Math.max(lowest, highest)])) kept.push(part[i]!);
  }
  return kept;
}

function columns(rows: Row[]): Points {
  return {
    at: rows.map((row) => row.at),
    value: rows.map((row) => row.value),
    expected: rows.map((row) => row.expected),
    low: rows.map((row) => row.low),
    high: rows.map((row) => row.high),
  };
}
