import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newDistribution, takePart, type Derived, type Distribution, type PartKey } from './distribution.ts';

const start = 1_700_000_000_000;
const second = 1_000;
type Scrape = Partial<Record<string, number>>;
const keyOf = (name: string): PartKey => (name === 'sum' || name === 'count' ? name : Number(name));

/** One part after the other, all of one scrape together. */
function feed(dist: Distribution, at: number, scrape: Scrape): Derived[] {
  return Object.entries(scrape).flatMap(([name, value]) => takePart(dist, keyOf(name), at, value!));
}

/** Cumulative parts after so many requests, of which all but `slow` took less than 0.1 s. */
const parts = (fast: number, slow = 0): Scrape => ({
  '0.1': fast,
  '1': fast + slow,
  Infinity: fast + slow,
  sum: fast * 0.05 + slow * 0.5,
  count: fast + slow,
});
const values = (derived: Derived[]) => derived.map(({ values: given }) => Object.fromEntries(given));

describe('a classic histogram', () => {
  it('becomes its rate and the quantiles of the last minute', () => {
    const dist = newDistribution(false);
    let last: Derived[] = [];
    for (let i = 0; i <= 20; i++) last = feed(dist, start + i * 15 * second, parts(i * 150));
    expect(values(last)).toEqual([{ rate: 10, p50: 0.05, p95: 0.095, p99: expect.closeTo(0.099, 9) as number }]);
    // A minute is four scrapes: with all of the newest slow, a quarter is.
    last = feed(dist, start + 21 * 15 * second, parts(20 * 150, 150));
    expect(values(last)[0]).toMatchObject({ rate: 10, p50: expect.closeTo(0.0667, 3) as number, p95: 0.82 });
  });

  it('says of a quantile nothing that so few observations do not hold', () => {
    const dist = newDistribution(false);
    feed(dist, start, parts(0));
    feed(dist, start + 15 * second, parts(1));
    expect(values(feed(dist, start + 30 * second, parts(10)))).toEqual([{ rate: 10 / 30, p50: 0.05 }]);
    expect(Object.keys(values(feed(dist, start + 45 * second, parts(50)))[0]!)).toEqual(['rate', 'p50', 'p95']);
    expect(Object.keys(values(feed(dist, start + 60 * second, parts(120)))[0]!)).toContain('p99');
  });

  it('is reckoned in when its scrape is complete, in whatever batches and order it came', () => {
    const inOrder = newDistribution(false);
    const want = [0, 1, 2, 3].flatMap((i) => feed(inOrder, start + i * 15 * second, parts(i * 300)));
    const scrapes = [0, 1, 2, 3].map((i) =>
      Object.entries(parts(i * 300)).map(([name, value]) => ({ i, name, value: value! })),
    );
    // Neighbouring scrapes overlap, as parallel senders make them; parts of one series stay in order.
    const property = (picks: number[]) => {
      const dist = newDistribution(false);
      const queues = Object.keys(parts(0)).map((name) =>
        scrapes.map((scrape) => scrape.find((part) => part.name === name)!),
      );
      const got: Derived[] = [];
      let turn = 0;
      while (queues.some((queue) => queue.length > 0)) {
        const next = Math.min(...queues.map((queue) => queue[0]?.i ?? Infinity));
        // Nobody is more than a scrape ahead.
        const ready = queues.filter((queue) => queue[0] && queue[0].i <= next + (next === 0 ? 0 : 1));
        const part = ready[picks[turn++ % picks.length]! % ready.length]!.shift()!;
        got.push(...takePart(dist, keyOf(part.name), start + part.i * 15 * second, part.value));
      }
      const sort = (all: Derived[]) => all.map(({ at, values: given }) => ({ at, values: given }));
      expect(sort(got).at(-1)).toEqual(want.at(-1));
      expect(got.map(({ at }) => at)).toEqual([...new Set(got.map(({ at }) => at))].sort((a, b) => a - b));
    };
    fc.assert(fc.property(fc.array(fc.nat(20), { minLength: 20, maxLength: 20 }), property));
  });

  it('survives resets: whatever happens to the process, rates are never negative and never more than was observed', () => {
    const step = fc.record({ requests: fc.nat(1_000), restarted: fc.boolean() });
    const property = (steps: { requests: number; restarted: boolean }[]) => {
      const dist = newDistribution(false);
      feed(dist, start, parts(5_000));
      let counted = 5_000;
      steps.forEach(({ requests, restarted }, i) => {
        counted = restarted ? requests : counted + requests;
        const at = start + (i + 1) * 60 * second;
        const rate = values(feed(dist, at, parts(counted)))[0]?.['rate'];
        // A restart within a scrape's time can only hide requests, never add some.
        expect(rate).toBeGreaterThanOrEqual(0);
        expect(rate).toBeLessThanOrEqual(requests / 60);
        if (!restarted) expect(rate).toBe(requests / 60);
      });
    };
    fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), property));
  });

  it('goes on without a bucket that has gone, after three scrapes, and with one that is new', () => {
    const dist = newDistribution(false);
    const scrape = (i: number, { without, extra = {} }: { without?: string; extra?: Scrape } = {}) => {
      const { [without ?? '']: _, ...rest } = parts(i * 300);
      return feed(dist, start + i * 15 * second, { ...rest, ...extra });
    };
    for (let i = 0; i < 4; i++) scrape(i);
    const silent = [4, 5, 6].map((i) => scrape(i, { without: '1' }).length);
    expect(silent.slice(0, 2)).toEqual([0, 0]);
    let last: Derived[] = [];
    for (let i = 7; i < 11; i++) last = scrape(i, { without: '1' });
    expect(values(last)[0]).toMatchObject({ rate: 20, p95: 0.095 });
    for (let i = 11; i < 20; i++) last = scrape(i, { extra: { '0.05': i * 150 } });
    expect(values(last)[0]).toMatchObject({ rate: 20, p50: 0.05 });
  });

  it('takes rates, as OTLP sends deltas, for what was observed since the one before', () => {
    const dist = newDistribution(true);
    let last: Derived[] = [];
    for (let i = 0; i < 6; i++)
      last = feed(dist, start + i * 10 * second, { '0.1': 5, '1': 10, Infinity: 10, count: 10 });
    expect(values(last)[0]).toMatchObject({ rate: 10, p50: 0.1 });
  });
});

it('a summary without buckets becomes its rate and mean', () => {
  const dist = newDistribution(false);
  let last: Derived[] = [];
  for (let i = 0; i < 5; i++) last = feed(dist, start + i * 15 * second, { sum: i * 60, count: i * 30 });
  expect(values(last)).toEqual([{ rate: 2, mean: 2 }]);
});

it('keeps bounded state, whatever comes', () => {
  const part = fc.record({
    at: fc.nat(50),
    key: fc.constantFrom<PartKey>(0.1, 1, Infinity, 'sum', 'count'),
    value: fc.nat(1_000),
  });
  const property = (all: { at: number; key: PartKey; value: number }[]) => {
    const dist = newDistribution(false);
    for (const { at, key, value } of all)
      for (const { values: given } of takePart(dist, key, start + at * second, value))
        for (const [, each] of given) expect(Number.isFinite(each)).toBe(true);
    expect(dist.pending.size).toBeLessThanOrEqual(3);
    expect(dist.marks.length).toBeLessThanOrEqual(6);
    expect(dist.parts.size).toBeLessThanOrEqual(5);
  };
  fc.assert(fc.property(fc.array(part, { maxLength: 300 }), property));
});
