import type { Db } from '@nightshift/db';
import { ruleFor, type Rule } from '@nightshift/detection';
import type { DetectionConfig, Labels } from '@nightshift/types';

/** What the detector needs to know of a series. */
export type SeriesInfo = { id: number; name: string; service: string; rule: Rule };

/** Names and rules of series by id, each asked for once, and again when the rules have changed. */
export type SeriesNames = { find(ids: Iterable<number>): Promise<ReadonlyMap<number, SeriesInfo>> };

/** Ids are given once and never reused, so what is known stays true. Ids that nobody registered are asked for again each time. */
export function seriesNames(db: Db, config: () => DetectionConfig): SeriesNames {
  let known = new Map<number, SeriesInfo>();
  let knownBy = config();
  return {
    async find(ids) {
      const present = config();
      if (present !== knownBy) {
        known = new Map();
        knownBy = present;
      }
      const into = known;
      const unknown = [...ids].filter((id) => !into.has(id));
      if (unknown.length > 0) {
        const rows = await db.query<Omit<SeriesInfo, 'rule'> & { labels: Labels }>(
          'SELECT id, name, service, labels FROM series WHERE id = ANY ($1::bigint[])',
          [[...new Set(unknown)]],
        );
        for (const { id, name, service, labels } of rows)
          into.set(id, { id, name, service, rule: ruleFor(present.rules, { metric: name, service, labels }) });
      }
      return into;
    },
  };
}
