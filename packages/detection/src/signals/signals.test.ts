import type { Labels, MetricKind } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undecided } from '../series/undecided.ts';
import { config } from '../stand-ins.ts';
import { burnLimit } from './ratio.ts';
import { roleOf, type KnownSeries } from './role.ts';
import { createSignals, type SignalSample } from './signals.ts';

const start = 1_700_000_000_000 - (1_700_000_000_000 % 3_600_000);
const second = 1_000;
const minute = 60 * second;

const ratio = {
  name: 'error_ratio',
  errors: { metric: 'requests_total', match: { code: '5*' } },
  requests: { metric: 'requests_total' },
};
const slo = { name: 'shop', objective: 0.99, errors: ratio.errors, requests: ratio.requests };

const series = (name: string, labels: Labels = {}, said?: MetricKind, hasSisters = false): KnownSeries => ({
  name,
  service: 'shop',
  labels: { service: 'shop', ...labels },
  said,
  hasSisters,
});

/** Counters of one service under a configuration, each with what it has counted so far. */
function counters(more: Record<string, unknown>) {
  const settings = config([], more);
  const counted = new Map<string, number>();
  const ids = new Map<string, number>();
  const shop = {
    signals: createSignals(),
    /** Takes a scrape in which each counter has counted so much more. */
    scrape(at: number, grown: Record<string, number>, createdAt = start) {
      for (const [code, by] of Object.entries(grown)) {
        counted.set(code, (counted.get(code) ?? 0) + by);
        if (!ids.has(code)) ids.set(code, ids.size + 1);
        const { inputs } = roleOf(settings, series('requests_total', { code }));
        shop.signals.take({ id: ids.get(code)!, createdAt }, inputs!, at, counted.get(code)!);
      }
      return shop.signals.settle();
    },
  };
  return shop;
}
const last = (samples: SignalSample[], name: string) => samples.findLast((sample) => sample.name === name)?.value;

describe('what a series is for', () => {
  const settings = config([
    { metric: 'odd_bucket', kind: 'gauge' },
    { metric: 'own_count', kind: 'histogram' },
  ]);
  it.each([
    ['a bucket', series('x_bucket', { le: '0.5' }), 0.5],
    ['the bucket of +Inf', series('x_bucket', { le: '+Inf' }), Infinity],
    ['a bucket without a bound is none', series('x_bucket'), undefined],
    ['a bucket with a bound that is none', series('x_bucket', { le: 'small' }), undefined],
    ['a count whose sender says histogram', series('x_count', {}, 'histogram'), 'count'],
    ['a sum whose sender says summary', series('x_sum', {}, 'summary'), 'sum'],
    ['a count with its sisters', series('x_count', {}, undefined, true), 'count'],
    ['a count by itself is a gauge', series('thread_count'), undefined],
    ['a count that its sender calls a gauge', series('x_count', {}, 'gauge', true), undefined],
    ['a bucket that a rule calls a gauge', series('odd_bucket', { le: '1' }), undefined],
    ['a count that a rule calls a histogram', series('own_count'), 'count'],
    ['a bucket that comes as a rate', series('x_bucket_per_second', { le: '1' }), 1],
  ])('%s', (_what, given, key) => {
    const { judged, inputs } = roleOf(settings, given);
    expect(inputs?.part?.key).toBe(key);
    expect(judged).toBe(key === undefined);
  });

  it('parts of one histogram meet, whatever the order of their labels; those of another do not', () => {
    const of = (name: string, labels: Labels) =>
      roleOf(settings, { ...series(name), labels, hasSisters: true }).inputs?.part?.of;
    expect(of('x_bucket', { le: '1', path: '/', code: '2' })).toBe(of('x_count', { code: '2', path: '/' }));
    expect(of('x_bucket', { le: '1', path: '/' })).not.toBe(of('x_count', { path: '/pay' }));
  });
});

describe('a ratio', () => {
  it('is the share of errors in the last minute', () => {
    const shop = counters({ ratios: [ratio] });
    let samples: SignalSample[] = [];
    for (let i = 0; i < 12; i++) samples = shop.scrape(start + i * 15 * second, { 200: 90, 500: 10 });
    expect(samples).toEqual([
      expect.objectContaining({ name: 'error_ratio', service: 'shop', labels: { service: 'shop' }, value: 0.1 }),
    ]);
    for (let i = 12; i < 18; i++) samples = shop.scrape(start + i * 15 * second, { 200: 50, 500: 50 });
    expect(last(samples, 'error_ratio')).toBe(0.5);
  });

  it('is told apart by labels, and leaves out what must not match', () => {
    const not = { ...ratio, errors: { metric: 'requests_total', not: { code: '2*' } }, by: ['code'] };
    const shop = counters({ ratios: [not] });
    let samples: SignalSample[] = [];
    for (let i = 0; i < 12; i++) samples = shop.scrape(start + i * 15 * second, { 200: 90, 404: 10 });
    const byCode = Object.fromEntries(samples.map(({ labels, value }) => [labels['code'], value]));
    expect(byCode).toEqual({ 200: 0, 404: 1 });
  });

  it('is not judged below its least traffic, and lies between 0 and 1 otherwise, whatever the traffic', () => {
    const property = (scrapes: { ok: number; bad: number }[]) => {
      const shop = counters({ ratios: [{ ...ratio, minRequests: 100 }] });
      const sent: { at: number; total: number }[] = [];
      scrapes.forEach(({ ok, bad }, i) => {
        const at = start + i * 15 * second;
        sent.push({ at, total: i === 0 ? 0 : ok + bad });
        for (const sample of shop.scrape(at, { 200: ok, 500: bad })) {
          const within = sent.filter((each) => each.at >= sample.at - minute && each.at < sample.at);
          expect(within.reduce((sum, { total }) => sum + total, 0)).toBeGreaterThanOrEqual(100);
          expect(sample.value).toBeGreaterThanOrEqual(0);
          expect(sample.value).toBeLessThanOrEqual(1);
        }
      });
    };
    fc.assert(fc.property(fc.array(fc.record({ ok: fc.nat(60), bad: fc.nat(60) }), { maxLength: 40 }), property));
  });

  it('is the same in whatever order the series of a batch come', () => {
    const settings = config([], { ratios: [ratio] });
    const all = Array.from({ length: 12 }, (_, i) =>
      ['200', '500'].map((code) => ({ code, at: start + i * 15 * second, value: i * (code === '500' ? 10 : 90) })),
    ).flat();
    const run = (batch: typeof all) => {
      const signals = createSignals();
      for (const { code, at, value } of batch)
        signals.take(
          { id: Number(code), createdAt: start },
          roleOf(settings, series('requests_total', { code })).inputs!,
          at,
          value,
        );
      return signals.settle();
    };
    const want = run(all);
    expect(want.length).toBeGreaterThan(5);
    expect(run(all.toSorted((a, b) => (a.code < b.code ? -1 : 1)))).toEqual(want);
  });

  it('counts an error series from zero that appears with the first error, not one that was missed for long', () => {
    const shop = counters({ ratios: [ratio] });
    for (let i = 0; i < 12; i++) shop.scrape(start + i * 15 * second, { 200: 90 });
    const seen = start + 12 * 15 * second;
    shop.scrape(seen, { 200: 90, 500: 90 }, seen);
    const samples = shop.scrape(seen + 15 * second, { 200: 90, 500: 90 });
    expect(last(samples, 'error_ratio')).toBe(0.2);
    // Registered long ago, and back with a thousand errors: nobody knows when they were.
    shop.scrape(seen + 30 * second, { 200: 90, 503: 1_000 }, start - 60 * minute);
    expect(last(shop.scrape(seen + 45 * second, { 200: 90 }), 'error_ratio')).toBeLessThan(0.5);
  });
});

describe('an objective', () => {
  it('burns at the rate of its slower window: an old or a short burst is below the limit', () => {
    const shop = counters({ slos: [slo] });
    const run = (minutes: number, from: number, errors: number) => {
      let samples: SignalSample[] = [];
      for (let i = 0; i < minutes * 4; i++)
        samples = [...samples, ...shop.scrape(from + i * 15 * second, { 200: 100 - errors, 500: errors })];
      return samples;
    };
    expect(last(run(60, start, 0), 'shop:burn_rate_1h')).toBe(0);
    // 60 % of errors burn 60 times as fast, but the hour has to fill: 60 * 15 / 75 after a quarter of one.
    const burning = run(15, start + 60 * minute, 60);
    expect(burning.find(({ name }) => name === 'shop:burn_rate_1h')!.value).toBeLessThan(1);
    expect(last(burning, 'shop:burn_rate_1h')).toBeCloseTo(15, 0);
  });

  it('is over with the minute that spends no more than its share, not with the window; not before', () => {
    const shop = counters({ slos: [slo] });
    const run = (minutes: number, from: number, errors: number) => {
      let samples: SignalSample[] = [];
      for (let i = 0; i < minutes * 4; i++)
        samples = [
          ...samples,
          ...shop.scrape(start + from * minute + i * 15 * second, { 200: 1_000 - errors, 500: errors }),
        ];
      return last(samples, 'shop:burn_rate_1h')!;
    };
    expect(run(10, 0, 600)).toBeCloseTo(60, 0);
    // Better, but still three times too much: both windows are far above, and so is it.
    expect(run(3, 10, 30)).toBeGreaterThan(14.4);
    expect(run(2, 13, 0)).toBe(0);
  });

  it('has the limits of the Site Reliability Workbook', () => {
    const { slos } = config([], { slos: [slo] });
    expect(slos[0]!.alerts.map((alert) => burnLimit(slos[0]!, alert))).toEqual([
      expect.closeTo(14.4, 9),
      expect.closeTo(6, 9),
      expect.closeTo(1, 9),
    ]);
  });

  it('takes good requests as well as errors, buckets among them', () => {
    const good = { metric: 'wait_seconds_bucket', match: { le: '0.5' } };
    const settings = config([], {
      slos: [{ name: 'fast', objective: 0.9, good, requests: { metric: 'wait_seconds_count' } }],
    });
    const weights = (name: string, labels: Labels = {}) =>
      roleOf(settings, series(name, labels, 'histogram')).inputs?.shares.map(({ weight }) => weight);
    expect(weights('wait_seconds_bucket', { le: '0.5' })).toEqual([{ errors: -1, requests: 0 }]);
    expect(weights('wait_seconds_count')).toEqual([{ errors: 1, requests: 1 }]);
    expect(weights('wait_seconds_bucket', { le: '1' })).toEqual([]);
    expect(weights('wait_seconds_sum')).toEqual([]);
  });
});

describe('a snapshot', () => {
  it('goes on where it was: histograms, ratios, objectives, limits', () => {
    const settings = { ratios: [ratio], slos: [slo] };
    const part = (value: string) => roleOf(config(), series('x_bucket', { le: value, number: '7', map: 'x' })).inputs!;
    const run = (restart: boolean) => {
      const shop = counters(settings);
      const got: SignalSample[] = [];
      let states = '';
      for (let i = 0; i < 30; i++) {
        const at = start + i * 15 * second;
        if (restart && i === 15) {
          const fresh = createSignals();
          fresh.restore(shop.signals.snapshot());
          shop.signals = fresh;
        }
        ['1', '2', '+Inf'].forEach((le, j) =>
          shop.signals.take({ id: 100 + j, createdAt: start }, part(le), at, i * 100),
        );
        got.push(...shop.scrape(at, { 200: 90, 500: 10 }));
        const threshold = { above: 5, forSeconds: 60, severity: 'critical' as const };
        states +=
          shop.signals.limit(9, threshold, at, undecided(i > 12 ? 10 : 0, 'not_judged')).state === 'anomalous'
            ? 'x'
            : '.';
      }
      return { got, states };
    };
    expect(run(true)).toEqual(run(false));
    expect(run(false).states).toMatch(/^\.{17}x+$/);
    expect(new Set(run(false).got.map(({ name }) => name)).size).toBeGreaterThanOrEqual(6);
  });

  it('is refused where it is foreign or of another version', () => {
    const signals = createSignals();
    expect(() => signals.restore(new TextEncoder().encode('{"signals":99,"state":{}}'))).toThrow(/version 99/);
    expect(() => signals.restore(Uint8Array.of(1, 2, 3))).toThrow(RangeError);
  });

  it('is small again when nothing was heard for long', () => {
    const shop = counters({ ratios: [ratio] });
    for (let i = 0; i < 4; i++) shop.scrape(start + i * 15 * second, { 200: 90, 500: 10 });
    const empty = createSignals().snapshot().length;
    expect(shop.signals.snapshot().length).toBeGreaterThan(empty);
    shop.signals.forget(start + 3 * 60 * minute);
    expect(shop.signals.snapshot().length).toBe(empty);
  });
});
