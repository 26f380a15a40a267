import { DetectionRule } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { createDetector } from './create.ts';
import { harmfulSides, ruleBook, ruleFor } from './rules.ts';
import { config, feed, flat, healthy, second, start } from './stand-ins.ts';

describe('the rule of a series', () => {
  it('is the first that fits in metric, service and labels; the defaults where none does', () => {
    const book = config([
      { metric: 'latency_*', service: 'shop-*', match: { route: '/pay*', method: 'POST' }, minEffect: 1 },
      { metric: 'latency_*', service: 'shop-api', minEffect: 2 },
      { metric: 'latency_ms', minEffect: 3 },
    ]);
    const effect = (metric: string, service?: string, labels?: Record<string, string>) =>
      ruleFor(book, { metric, ...(service && { service }), ...(labels && { labels }) }).minEffect;
    expect(effect('latency_ms', 'shop-api', { route: '/pay/card', method: 'POST' })).toBe(1);
    expect(effect('latency_ms', 'shop-api', { route: '/pay/card', method: 'GET' })).toBe(2);
    expect(effect('latency_ms', 'shop-api')).toBe(2);
    expect(effect('latency_ms', 'bank')).toBe(3);
    expect(ruleBook(book)('latency_ms').minEffect).toBe(3);
    expect(effect('other')).toBe(0);
  });

  it('waits for recovery on the sides that are harm, those of a fixed limit among them', () => {
    const sides = (rule: Record<string, unknown>, metric = 'm') =>
      harmfulSides(ruleFor(config([{ metric: 'm', ...rule }]), { metric }));
    expect(sides({ harm: 'down' })).toEqual({ up: false, down: true });
    expect(sides({ harm: 'down', threshold: { above: 5 } })).toEqual({ up: true, down: true });
    expect(sides({ judge: false, threshold: { above: 5 } })).toEqual({ up: true, down: false });
    expect(sides({}, 'wait_seconds:p95')).toEqual({ up: true, down: false });
  });

  it('without anything said judges as before', () => {
    expect(DetectionRule.parse({ metric: 'm' })).toEqual({
      metric: 'm',
      match: {},
      harm: 'both',
      minEffect: 0,
      sensitivity: 1,
      minDurationSeconds: 0,
      seasonality: 'auto',
      noData: 'hold',
      judge: true,
    });
  });
});

describe('defect 10: counters treated as gauges', () => {
  it('a rule says what a metric is where its name does not: a counter by another name is judged by its rate', () => {
    const counting = createDetector(config([{ metric: 'requests', kind: 'counter' }]));
    const { verdicts } = feed(counting, [0, 50, 100, 20], { metric: 'requests' });
    expect(verdicts.map((verdict) => verdict.value)).toEqual([NaN, 5, 5, 2]);
    const gauge = createDetector(config([{ metric: 'pages_total', kind: 'gauge' }]));
    expect(feed(gauge, flat(7, 3), { metric: 'pages_total' }).verdicts.at(-1)?.value).toBe(7);
  });

  it('what was learned of it as a gauge is forgotten when it turns out to be a counter, and the other way round', () => {
    const detector = createDetector(config());
    const rule = (kind: 'gauge' | 'counter') => ruleFor(config(), { metric: 'requests' }, kind);
    const at = (i: number) => start + i * 10 * second;
    for (let i = 0; i < 60; i++) detector.observe(1, 'requests', at(i), 1e6 + 50 * i, rule('gauge'));
    const counted = Array.from({ length: 40 }, (_, i) =>
      detector.observe(1, 'requests', at(60 + i), 1e6 + 50 * (60 + i), rule('counter')),
    );
    expect(counted.map((verdict) => verdict.state)).not.toContain('anomalous');
    expect(counted.at(-1)).toMatchObject({ state: 'normal', value: 5, expected: 5 });
    expect(detector.observe(1, 'requests', at(100), 1e6, rule('gauge'))).toMatchObject({ because: 'learning' });
  });

  it('of what counts in whole numbers, one or two events between two readings are chance; of seconds they are not', () => {
    const run = (metric: string, unit: number, burst: number) => {
      const detector = createDetector(config());
      let counted = 0;
      let last;
      for (let i = 0; i <= 60; i++) {
        counted += i === 60 ? burst : i % 20 === 0 ? unit : 0;
        last = detector.observe(1, metric, start + i * 10 * second, counted);
      }
      return last?.state;
    };
    expect([1, 2, 3].map((burst) => run('retries_total', 1, burst))).toEqual(['normal', 'normal', 'anomalous']);
    expect(run('busy_seconds_total', 0.01, 1.003)).toBe('anomalous');
  });

  it('the rule given with a sample wins over the one of its metric', () => {
    const detector = createDetector(config());
    const { next } = feed(detector, healthy(60));
    const rule = ruleFor(config([{ metric: '*', harm: 'down' }]), { metric: 'latency_ms' });
    expect(detector.observe(1, 'latency_ms', next, 500, rule)).toMatchObject({
      state: 'normal',
      because: 'direction',
    });
  });
});
