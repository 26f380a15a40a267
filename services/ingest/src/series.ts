import { homeShard, seriesKey, type Labels } from '@nightshift/types';
import type { Kinds } from './kinds.ts';
import { createRecentMap } from './recent-map.ts';
import { createSeriesTree, type SeriesTree } from './series-tree.ts';
import type { ServiceOf } from './service-of.ts';
import type { NewSeries, Store } from './store.ts';

/** A series whose id is wanted. */
export type Wanted = { name: string; labels: Labels };

/** Knows the id of every series that was sent lately, and gives new ones theirs. */
export type SeriesRegistry = {
  /** The ids known in memory. */
  recent: SeriesTree;
  /** The id of each, registering what is new; undefined where the limit of series refuses. Concurrent calls share their queries. */
  resolve(wanted: Wanted[]): Promise<(number | undefined)[]>;
  /** Series registered by anybody, as of the last look. */
  known(): number;
};

type Batch = { wanted: Map<string, NewSeries>; ids: Map<string, number>; done: Promise<void> };

const rowsPerQuery = 5_000;
/** How long a count of all series, and a refusal that followed from it, are believed. */
const recountMs = 10_000;
const greatestId = 2 ** 32 - 1; // a packed batch holds ids as u32

/** Counts the series that there are. Rejects when the database is out of reach. */
export async function openSeriesRegistry(
  store: Store,
  limits: { maxSeries: number; cachedSteps: number },
  serviceOf: ServiceOf,
  where: { shards: number; kinds: Pick<Kinds, 'of'> },
): Promise<SeriesRegistry> {
  const recent = createSeriesTree(limits.cachedSteps);
  /** Until when (performance.now) a key stays refused without being looked for again. */
  const refusedUntil = createRecentMap<number>(100_000);
  let count = await store.seriesCount();
  let countedAt = performance.now();
  let next: Batch | undefined;
  let running = Promise.resolve();

  const recount = async () => {
    if (performance.now() - countedAt < recountMs) return;
    count = await store.seriesCount();
    countedAt = performance.now();
  };

  const registerSome = async (wanted: NewSeries[], ids: Map<string, number>) => {
    const take = (found: { id: number; key: string }[]) => {
      for (const { id, key } of found) {
        if (id > greatestId) throw new RangeError(`series id ${id} does not fit a packed batch`);
        ids.set(key, id);
      }
    };
    const missing = () => wanted.filter(({ key }) => !ids.has(key));
    take(await store.findSeries(wanted.map(({ key }) => key)));
    if (missing().length === 0) return;
    await recount();
    const fitting = missing().slice(0, Math.max(0, limits.maxSeries - count));
    if (fitting.length > 0) {
      const inserted = await store.insertSeries(fitting, where.shards);
      count += inserted.length;
      take(inserted);
      // Another process was faster with some of them.
      const rest = fitting.filter(({ key }) => !ids.has(key));
      if (rest.length > 0) take(await store.findSeries(rest.map(({ key }) => key)));
    }
    for (const { key } of missing()) refusedUntil.set(key, countedAt + recountMs);
  };

  const register = async (batch: Batch) => {
    const wanted = [...batch.wanted.values()];
    for (let i = 0; i < wanted.length; i += rowsPerQuery)
      await registerSome(wanted.slice(i, i + rowsPerQuery), batch.ids);
  };

  /** The batch that runs after the present one: whoever comes meanwhile joins it. */
  const nextBatch = (): Batch => {
    if (next) return next;
    const batch: Batch = { wanted: new Map(), ids: new Map(), done: Promise.resolve() };
    batch.done = running.then(() => {
      next = undefined;
      return register(batch);
    });
    running = batch.done.catch(() => {}); // its callers hear of it; the next batch tries on its own
    return (next = batch);
  };

  return {
    recent,
    async resolve(wanted) {
      const at = performance.now();
      const keys = wanted.map(({ name, labels }) => seriesKey(name, labels));
      const asked = wanted.flatMap(({ name, labels }, i) => {
        const key = keys[i]!;
        if ((refusedUntil.get(key) ?? 0) > at) return [];
        const service = serviceOf(labels);
        return [{ key, name, labels, service, home: homeShard(name, where.kinds.of(name), service, where.shards) }];
      });
      if (asked.length === 0) return wanted.map(() => undefined);
      const batch = nextBatch();
      for (const series of asked) batch.wanted.set(series.key, series);
      await batch.done;
      return keys.map((key) => batch.ids.get(key));
    },
    known: () => count,
  };
}
