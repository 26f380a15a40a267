import { chanceEvents } from '../tail.ts';
import { bucketQuantile } from './quantile.ts';

/** One part of a distribution: a bucket by its upper bound, the sum, or the count. */
export type PartKey = number | 'sum' | 'count';

type Part = {
  /** What it read last; NaN: nothing yet. */
  last: number;
  /** All that it has counted, resets or not. */
  total: number;
  /** Scrapes in a row that came without it. */
  missed: number;
};

/** The totals of all parts at one time. */
type Mark = { at: number; totals: Map<PartKey, number> };

/**
 * A classic histogram or a summary with the same labels: its parts, each a counter. The parts of one scrape have one time, and
 * may come in several batches. Bounded: three scrapes that are not complete, and six marks.
 */
export type Distribution = {
  /** Its parts come as rates per second (OTLP, delta). */
  perSecond: boolean;
  parts: Map<PartKey, Part>;
  pending: Map<number, Map<PartKey, number>>;
  /** The last scrape that was reckoned in; 0: none. */
  doneAt: number;
  marks: Mark[];
};

/** What follows from one scrape: values by the end of the derived series' name, and the least change that means something. */
export type Derived = { at: number; values: [ending: string, value: number, floor: number][] };

/** Quantiles are of what was observed within this time; of one scrape where they come further apart. */
const windowMs = 60_000;
const marksPerWindow = 4;
const pendingScrapes = 3;
/** A part that stays away for so many scrapes is gone. */
const goneAfter = 3;
/** A quantile is known to no better than its bucket: less than a fifth means nothing. */
const leastShift = 1 / 5;
/** At least one observation in the window must lie beyond a quantile: p99 needs a hundred. */
const quantiles: [ending: string, q: number, observations: number][] = [
  ['p50', 0.5, 2],
  ['p95', 0.95, 20],
  ['p99', 0.99, 100],
];

export const newDistribution = (perSecond: boolean): Distribution => ({
  perSecond,
  parts: new Map(),
  pending: new Map(),
  doneAt: 0,
  marks: [],
});

/** Takes one part of a scrape. A scrape is reckoned in when all known parts are there, or when it must give way to newer ones. */
export function takePart(dist: Distribution, key: PartKey, at: number, value: number): Derived[] {
  if (at <= dist.doneAt) {
    // Too late for this scrape; the next waits for it.
    if (!dist.parts.has(key)) dist.parts.set(key, { last: NaN, total: 0, missed: 0 });
    return [];
  }
  const scrape = dist.pending.get(at) ?? new Map<PartKey, number>();
  dist.pending.set(at, scrape.set(key, value));
  const isKnown = dist.doneAt > 0;
  const isWhole = isKnown && scrape.size >= dist.parts.size && [...dist.parts.keys()].every((part) => scrape.has(part));
  // Of the first scrape nobody knows which parts it has, until the next begins.
  const waiting = isKnown ? pendingScrapes : 1;
  if (!isWhole && dist.pending.size <= waiting) return [];
  const times = [...dist.pending.keys()].sort((one, other) => one - other);
  const due = isWhole ? times.indexOf(at) + 1 : times.length - waiting;
  return times.slice(0, due).flatMap((time) => reckon(dist, time, dist.pending.get(time)!));
}

function reckon(dist: Distribution, at: number, scrape: Map<PartKey, number>): Derived[] {
  dist.pending.delete(at);
  const before = dist.doneAt;
  const seconds = (at - before) / 1_000;
  dist.doneAt = at;
  count(dist, scrape, before === 0 ? 0 : seconds);
  const isWhole = [...dist.parts.values()].every((part) => part.missed === 0);
  forgetMarks(dist, at);
  const values = before === 0 || !isWhole ? [] : derive(dist, at);
  mark(dist, at);
  return values.length > 0 ? [{ at, values }] : [];
}

/** Adds a scrape to the totals. Where one part fell, all were reset and count from zero. */
function count({ parts, marks, perSecond }: Distribution, scrape: Map<PartKey, number>, seconds: number): void {
  const isReset =
    !perSecond && [...scrape].some(([key, value]) => key !== 'sum' && value < (parts.get(key)?.last ?? NaN));
  for (const [key, value] of scrape) {
    const part = parts.get(key) ?? { last: NaN, total: 0, missed: 0 };
    const known = !Number.isNaN(part.last);
    const grown = perSecond ? value * seconds : isReset ? value : known ? value - part.last : 0;
    parts.set(key, { last: value, total: part.total + grown, missed: 0 });
  }
  for (const [key, part] of parts) {
    if (scrape.has(key)) continue;
    part.missed += 1;
    if (part.missed < goneAfter) continue;
    parts.delete(key);
    for (const { totals } of marks) totals.delete(key);
  }
}

function derive({ parts, marks }: Distribution, at: number): Derived['values'] {
  const since = marks[0]!;
  const grown = (key: PartKey) => (parts.get(key)?.total ?? 0) - (since.totals.get(key) ?? 0);
  const bounds = [...parts.keys()].filter((key) => typeof key === 'number').sort((a, b) => a - b);
  const counts = bounds.map(grown);
  const observations = Math.max(grown('count'), counts.at(-1) ?? 0);
  const seconds = (at - since.at) / 1_000;
  const values: Derived['values'] = [['rate', observations / seconds, chanceEvents / seconds]];
  const add = (ending: string, value: number) => values.push([ending, value, Math.abs(value) * leastShift]);
  if (bounds.length > 1) {
    for (const [ending, q, least] of quantiles)
      if (observations >= least) add(ending, bucketQuantile(q, bounds, counts));
  } else if (parts.has('sum') && observations >= 2) add('mean', grown('sum') / observations);
  return values.filter(([, value]) => Number.isFinite(value));
}

/** Remembers the totals now and then. */
function mark({ parts, marks }: Distribution, at: number): void {
  const newest = marks.at(-1);
  if (!newest || at - newest.at >= windowMs / marksPerWindow)
    marks.push({ at, totals: new Map([...parts].map(([key, part]) => [key, part.total])) });
}

/** The oldest mark is the last one before the window that ends at `at` began. */
function forgetMarks({ marks }: Distribution, at: number): void {
  while (marks.length > 1 && marks[1]!.at <= at - windowMs) marks.shift();
}
