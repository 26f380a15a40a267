import type { Db } from '@nightshift/db';

/** What the detector needs to know of a series. */
export type SeriesInfo = { id: number; name: string; service: string };

/** Names of series by id, each asked for once. */
export type SeriesNames = { find(ids: Iterable<number>): Promise<ReadonlyMap<number, SeriesInfo>> };

/** Ids are given once and never reused, so what is known stays true. Ids that nobody registered are asked for again each time. */
export function seriesNames(db: Db): SeriesNames {
  const known = new Map<number, SeriesInfo>();
  return {
    async find(ids) {
      const unknown = [...new Set(ids)].filter((id) => !known.has(id));
      if (unknown.length > 0) {
        const rows = await db.query<SeriesInfo>('SELECT id, name, service FROM series WHERE id = ANY ($1::bigint[])', [
          unknown,
        ]);
        for (const row of rows) known.set(row.id, row);
      }
      return known;
    },
  };
}
