import { setImmediate } from 'node:timers/promises';
import { homeShard, seriesKey, type Labels, type NightshiftError } from '@nightshift/types';
import { limitRefusal, tokenLabelsRefusal, tokenLimitRefusal, type Refusal } from './check.ts';
import type { Kinds } from './kinds.ts';
import { createRecentMap } from './recent-map.ts';
import { createSeriesTree, type SeriesTree } from './series-tree.ts';
import type { ServiceOf } from './service-of.ts';
import type { NewSeries, Store } from './store.ts';

/** A series whose id is wanted. */
export type Wanted = { name: string; labels: Labels };

/** Who registers series, and how many, how fast and with how many labels it may. */
export type Registrar = {
  sender: number;
  name: string;
  maxSeries: number;
  labelsPerSample: number;
  /** So many series were not known in memory. */
  lookUp(series: number): void;
  /** Whether it may register one more series just now; then that one counts. */
  pay(): boolean;
  tooFast(): NightshiftError;
};

/** The series of a request's sender: their ids. */
export type SenderSeries = {
  /** The ids known in memory, whoever registered them. */
  recent: SeriesTree;
  /**
   * The id of each, registering what is new, or why it cannot be. Concurrent calls share their queries. Rejects with TOKEN_LIMITED when more are new than may
   * be just now: what fits is registered all the same, so that who comes again gets further each time.
   */
  resolve(wanted: Wanted[]): Promise<(number | Refusal)[]>;
};

/** Knows the id of every series that was sent lately, and gives new ones theirs. */
export type SeriesRegistry = {
  recent: SeriesTree;
  /** With a registrar, whose series new ones are. A series that is known goes on, whoever sends it. */
  of(registrar: Registrar): SenderSeries;
  /** Series registered by anybody, as of the last look. */
  known(): number;
};

/** A series that is looked for, by its sender and its key: another sender may still have room for it. */
type Asked = NewSeries & { registrar: Registrar };
type Answer = number | Refusal | 'too_fast';
type Batch = { asked: Map<string, Asked>; answers: Map<string, Answer>; done: Promise<void> };

const scoped = (sender: number, key: string) => `${sender} ${key}`;

/** Few enough that others get their turn in between. */
const rowsPerQuery = 1_000;
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
  /** Why, and until when (performance.now), a key of a sender stays refused without being looked for again. */
  const refused = createRecentMap<{ until: number; why: Refusal }>(100_000);
  let counts = await store.seriesCounts();
  let total = sum(counts.values());
  let countedAt = performance.now();
  let next: Batch | undefined;
  let running = Promise.resolve();

  const recount = async () => {
    if (performance.now() - countedAt < recountMs) return;
    counts = await store.seriesCounts();
    total = sum(counts.values());
    countedAt = performance.now();
  };
  const countOf = (sender: number) => counts.get(sender) ?? 0;

  /** Why a series cannot be registered beside `more` others, `own` of them of the same sender. */
  const refusalOf = ({ labels, registrar }: Asked, more: number, own: number): Refusal | undefined => {
    if (Object.keys(labels).length > registrar.labelsPerSample) return tokenLabelsRefusal(registrar);
    if (countOf(registrar.sender) + own >= registrar.maxSeries) return tokenLimitRefusal(registrar);
    return total + more >= limits.maxSeries ? limitRefusal : undefined;
  };

  /** Those that may be registered; the others are told why not. */
  const fitting = (missing: Asked[], answers: Batch['answers']): Asked[] => {
    const fit: Asked[] = [];
    const own = new Map<number, number>();
    for (const asked of missing) {
      const { sender, key } = asked;
      const ownMore = own.get(sender) ?? 0;
      const why = refusalOf(asked, fit.length, ownMore);
      if (why) {
        refused.set(scoped(sender, key), { until: countedAt + recountMs, why });
        answers.set(scoped(sender, key), why);
        continue;
      }
      if (!asked.registrar.pay()) {
        answers.set(scoped(sender, key), 'too_fast');
        continue;
      }
      own.set(sender, ownMore + 1);
      fit.push(asked);
    }
    return fit;
  };

  const registerSome = async (asked: Asked[], answers: Batch['answers']) => {
    const ids = new Map<string, number>();
    const take = (found: { id: number; key: string }[]) => {
      for (const { id, key } of found) {
        if (id > greatestId) throw new RangeError(`series id ${id} does not fit a packed batch`);
        ids.set(key, id);
      }
    };
    take(await store.findSeries(asked.map(({ key }) => key)));
    const missing = asked.filter(({ key }) => !ids.has(key));
    if (missing.length > 0) {
      await recount();
      const fit = fitting(missing, answers);
      const inserted = fit.length > 0 ? await store.insertSeries(fit, where.shards) : [];
      take(inserted);
      total += inserted.length;
      for (const { sender } of inserted) counts.set(sender, countOf(sender) + 1);
      // Another process was faster with some of them.
      const rest = fit.filter(({ key }) => !ids.has(key));
      if (rest.length > 0) take(await store.findSeries(rest.map(({ key }) => key)));
    }
    for (const { sender, key } of asked) {
      const id = ids.get(key);
      if (id !== undefined) answers.set(scoped(sender, key), id);
    }
  };

  const register = async ({ asked, answers }: Batch) => {
    const all = [...asked.values()];
    for (let i = 0; i < all.length; i += rowsPerQuery) await registerSome(all.slice(i, i + rowsPerQuery), answers);
  };

  /** The batch that runs after the present one: whoever comes meanwhile joins it. */
  const nextBatch = (): Batch => {
    if (next) return next;
    const batch: Batch = { asked: new Map(), answers: new Map(), done: Promise.resolve() };
    batch.done = running.then(() => {
      next = undefined;
      return register(batch);
    });
    running = batch.done.catch(() => {}); // its callers hear of it; the next batch tries on its own
    return (next = batch);
  };

  const resolve = async (registrar: Registrar, wanted: Wanted[]): Promise<(number | Refusal)[]> => {
    // A large request has been checked in one go just now: others get their turn before the rest of it.
    if (wanted.length > rowsPerQuery) await setImmediate();
    const at = performance.now();
    const { sender } = registrar;
    const keys = wanted.map(({ name, labels }) => seriesKey(name, labels));
    const refusals = keys.map((key) => {
      const known = refused.get(scoped(sender, key));
      return known && known.until > at ? known.why : undefined;
    });
    if (!refusals.includes(undefined)) return refusals as Refusal[];
    registrar.lookUp(wanted.length);
    const batch = nextBatch();
    wanted.forEach(({ name, labels }, i) => {
      const key = keys[i]!;
      if (refusals[i]) return;
      const service = serviceOf(labels);
      const home = homeShard(name, where.kinds.of(name), service, where.shards);
      batch.asked.set(scoped(sender, key), { key, name, labels, service, home, sender, registrar });
    });
    await batch.done;
    return keys.map((key, i) => {
      const answer = refusals[i] ?? batch.answers.get(scoped(sender, key)) ?? limitRefusal;
      if (answer === 'too_fast') throw registrar.tooFast();
      return answer;
    });
  };

  return {
    recent,
    of: (registrar) => ({ recent, resolve: (wanted) => resolve(registrar, wanted) }),
    known: () => total,
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
