import { only, type Db } from '@nightshift/db';
import { ruleFor, type Rule } from '@nightshift/detection';
import type { DetectionConfig, Labels, MetricKind } from '@nightshift/types';

/** What the detector needs to know of a series. */
export type SeriesInfo = { id: number; name: string; service: string; rule: Rule };

/** Names and rules of series by id, each asked for once, and again when the rules or what senders say of metrics have changed. */
export type SeriesNames = { find(ids: Iterable<number>): Promise<ReadonlyMap<number, SeriesInfo>> };

type Row = { id: number; name: string; service: string; labels: Labels; said: MetricKind | null };

const kindsEveryMs = 10_000;

/** Ids are given once and never reused, so what is known stays true. Ids that nobody registered are asked for again each time. */
export function seriesNames(db: Db, config: () => DetectionConfig): SeriesNames {
  let known = new Map<number, SeriesInfo>();
  let knownBy = config();
  let kindsMark = '';
  let kindsDueAt = 0;

  /** Forgets everything when it may have become wrong. */
  async function refresh() {
    if (performance.now() >= kindsDueAt) {
      kindsDueAt = performance.now() + kindsEveryMs;
      const { mark } = only(await db.query<{ mark: string }>(kindsMarkSql));
      if (mark !== kindsMark) known = new Map();
      kindsMark = mark;
    }
    if (config() !== knownBy) known = new Map();
    knownBy = config();
  }

  return {
    async find(ids) {
      await refresh();
      const [into, { rules }] = [known, knownBy];
      const unknown = [...ids].filter((id) => !into.has(id));
      if (unknown.length > 0) {
        const rows = await db.query<Row>(seriesSql, [[...new Set(unknown)]]);
        for (const { id, name, service, labels, said } of rows) {
          const rule = ruleFor(rules, { metric: name, service, labels }, said ?? undefined);
          into.set(id, { id, name, service, rule });
        }
      }
      return into;
    },
  };
}

const kindsMarkSql = `SELECT concat(count(*), ' ', max(changed_at)) AS mark FROM metric_kind`;

/** A counter's metadata may stand under its name without `_total`. */
const seriesSql = `
  SELECT s.id, s.name, s.service, s.labels, coalesce(k.kind, family.kind) AS said
    FROM series s
    LEFT JOIN metric_kind k ON k.metric = s.name
    LEFT JOIN metric_kind family ON family.metric = regexp_replace(s.name, '_total$', '')
   WHERE s.id = ANY ($1::bigint[]) AND s.key NOT LIKE 'before signals: %'`;
