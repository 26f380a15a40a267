import { describe, expect, test } from 'vitest';
import { createDetector } from '../create.ts';
import { config, feed, healthy, second, start } from '../stand-ins.ts';

const make = (detector: string) => createDetector(config([], { detector }));

describe.each([
  ['zscore', 'adaptive'],
  ['adaptive', 'zscore'],
])('after a change of algorithm from %s to %s', (from, to) => {
  test('a series goes on from the points that are remembered: an anomaly is seen at once', () => {
    const before = make(from);
    const { next } = feed(before, healthy(200), { series: 7 });
    const after = make(to);
    after.restore(before.snapshot());
    expect(after.size).toBe(1);
    expect(after.history(7).map(({ at, value }) => [at, value])).toEqual(
      before.history(7).map(({ at, value }) => [at, expect.closeTo(value, 3)]),
    );
    expect(after.observe(7, 'latency_ms', next - 10 * second, 100).dropped).toBe('duplicate');
    expect(after.observe(7, 'latency_ms', next, 100.2).state).toBe('normal');
    expect(after.observe(7, 'latency_ms', next + 10 * second, 300)).toMatchObject({ state: 'anomalous', alarm: true });
  });

  test('a counter goes on counting from its last reading', () => {
    const before = make(from);
    const { next } = feed(
      before,
      Array.from({ length: 200 }, (_, i) => 500 * i),
      { metric: 'requests_total' },
    );
    const after = make(to);
    after.restore(before.snapshot());
    expect(after.observe(1, 'requests_total', next, 500 * 200)).toMatchObject({ value: 50, state: 'normal' });
  });

  test('a series that has just begun, and none at all, are taken over too', () => {
    const before = make(from);
    before.observe(1, 'requests_total', start, 5);
    const after = make(to);
    after.restore(before.snapshot());
    expect(after.size).toBe(1);
    expect(after.observe(1, 'requests_total', start + 10 * second, 105)).toMatchObject({ value: 10 });
    after.restore(make(from).snapshot());
    expect(after.size).toBe(0);
  });
});
