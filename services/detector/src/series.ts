import { only, type Db } from '@nightshift/db';
import { roleOf, type Inputs, type KnownSeries, type Rule } from '@nightshift/detection';
import { partName, type DetectionConfig, type MetricKind } from '@nightshift/types';

/** What the detector needs to know of a series. `judged`: false where it is only a part of something that is. */
export type SeriesInfo = {
  id: number;
  name: string;
  service: string;
  createdAt: number;
  rule: Rule;
  judged: boolean;
  /** The rule for the case that it turns out to count, where nobody knows. */
  asCounter: Rule | null;
  inputs: Inputs | null;
};

/** Names and roles of series by id, each asked for once, and again when the rules or what senders say of metrics have changed. */
export type SeriesNames = {
  find(ids: Iterable<number>): Promise<ReadonlyMap<number, SeriesInfo>>;
  /** Of a series that there is no room for, not even its name is kept. */
  forget(id: number): void;
};

type Row = Omit<KnownSeries, 'said'> & { id: number; createdAt: number; said: MetricKind | null };

const kindsEveryMs = 10_000;

/** Ids are given once and never reused, so what is known stays true. Ids that nobody registered are asked for again each time. */
export function seriesNames(db: Db, config: () => DetectionConfig): SeriesNames {
  let known = new Map<number, SeriesInfo>();
  let knownBy = config();
  let kindsMark = '';
  let kindsDueAt = 0;
  /** Rules by their content: series that are judged alike share one, which so stays in the processor's cache. */
  let rules = new Map<string, Rule>();
  /** Series named like parts of a histogram whose sisters have not been seen yet, by service and name. */
  let alone = new Map<string, Set<number>>();

  /** Forgets everything when it may have become wrong. */
  async function refresh() {
    let isOld = config() !== knownBy;
    if (performance.now() >= kindsDueAt) {
      kindsDueAt = performance.now() + kindsEveryMs;
      const { mark } = only(await db.query<{ mark: string }>(kindsMarkSql));
      isOld ||= mark !== kindsMark;
      kindsMark = mark;
    }
    if (isOld) [known, alone, rules] = [new Map(), new Map(), new Map()];
    knownBy = config();
  }

  function shared(rule: Rule): Rule {
    const content = JSON.stringify(rule);
    const same = rules.get(content);
    if (!same) rules.set(content, rule);
    return same ?? rule;
  }

  async function load(ids: number[], into: Map<number, SeriesInfo>) {
    for (const { id, createdAt, said, ...row } of await db.query<Row>(seriesSql, [ids])) {
      const { name, service } = row;
      const { rule, judged, untyped, inputs } = roleOf(knownBy, { ...row, said: said ?? undefined });
      // What is judged by way of others is not missed by itself.
      const own = shared(judged ? rule : { ...rule, noData: 'ignore' });
      into.set(id, {
        id,
        name,
        service,
        createdAt,
        rule: own,
        judged,
        asCounter: untyped ? shared({ ...rule, kind: 'counter' }) : null,
        inputs,
      });
      meetSisters(id, row, judged, into);
    }
  }

  function meetSisters(id: number, { name, service }: KnownSeries, judged: boolean, into: Map<number, SeriesInfo>) {
    const part = partName(name);
    if (!part) return;
    const family = JSON.stringify([service, part.base]);
    const others = alone.get(family) ?? new Set();
    if (judged) alone.set(family, others.add(id));
    else {
      for (const other of others) into.delete(other);
      alone.delete(family);
    }
  }

  return {
    forget: (id) => void known.delete(id),
    async find(ids) {
      await refresh();
      const into = known;
      // Twice, for those whose sisters came with this batch.
      for (let i = 0; i < 2; i++) {
        const unknown = new Set<number>();
        for (const id of ids) if (!into.has(id)) unknown.add(id);
        if (unknown.size === 0) break;
        await load([...unknown], into);
      }
      return into;
    },
  };
}

const kindsMarkSql = `SELECT concat(count(*), ' ', max(changed_at)) AS mark FROM metric_kind`;

/** The kind of a part, or of a counter in OpenMetrics, stands under the name without its ending. */
const seriesSql = `
  SELECT s.id, s.name, s.service, s.labels, s.created_at AS "createdAt", coalesce(k.kind, family.kind) AS said,
         s.name ~ '_(sum|count)(_per_second)?$' AND (
           EXISTS (SELECT FROM series b WHERE b.service = s.service AND b.name = regexp_replace(s.name, '_(sum|count)(_per_second)?$', '_bucket\\2'))
           OR (SELECT count(DISTINCT p.name) = 2 FROM series p WHERE p.service = s.service AND p.name IN (
             regexp_replace(s.name, '_(sum|count)(_per_second)?$', '_sum\\2'), regexp_replace(s.name, '_(sum|count)(_per_second)?$', '_count\\2')))
         ) AS "hasSisters"
    FROM series s
    LEFT JOIN metric_kind k ON k.metric = s.name
    LEFT JOIN metric_kind family ON family.metric = regexp_replace(s.name, '_(total|bucket|sum|count)$', '')
   WHERE s.id = ANY ($1::bigint[]) AND s.key NOT LIKE 'before signals: %'`;
