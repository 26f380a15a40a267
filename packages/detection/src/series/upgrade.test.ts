import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createDetector } from '../create.ts';
import { config, feed, healthy, second, start } from '../stand-ins.ts';

/** What version 1 saved after 300 healthy samples of series 7 and 300 of the counter 8, which counts 50 a second. */
const saved = (algorithm: string) =>
  gunzipSync(readFileSync(new URL(`fixtures/${algorithm}-v1.bin.gz`, import.meta.url)));
const next = start + 300 * 10 * second;
const make = (detector: string) => createDetector(config([], { detector }));

describe.each(['zscore', 'adaptive'])('a snapshot of %s, version 1,', (algorithm) => {
  test('is taken over: what was learned is in force, and points are charted', () => {
    const detector = make(algorithm);
    detector.restore(saved(algorithm));
    expect([...detector.ids()]).toEqual([7, 8]);
    const unbroken = make(algorithm);
    feed(unbroken, healthy(300), { series: 7 });
    const points = unbroken.history(7).map(({ at, value }) => ({ at, value: expect.closeTo(value, 3) as number }));
    expect(detector.history(7)).toMatchObject(points);
    const { expected, low, high } = detector.history(7).at(-1)!;
    expect(low!).toBeLessThan(expected!);
    expect(expected!).toBeLessThan(high!);
    const { verdicts } = feed(detector, healthy(60, 3), { series: 7, from: next });
    expect(verdicts.filter((verdict) => verdict.state !== 'normal').length).toBeLessThan(3);
    expect(detector.observe(8, 'requests_total', next, 500 * 300)).toMatchObject({ value: 50, state: 'normal' });
    expect(detector.observe(7, 'latency_ms', next + 600 * second, 300)).toMatchObject({
      state: 'anomalous',
      alarm: true,
    });
  });

  test('becomes one of today', () => {
    const detector = make(algorithm);
    detector.restore(saved(algorithm));
    const again = make(algorithm);
    again.restore(detector.snapshot());
    expect(again.snapshot()).toEqual(detector.snapshot());
  });

  test('is taken over by the other algorithm too', () => {
    const other = make(algorithm === 'zscore' ? 'adaptive' : 'zscore');
    other.restore(saved(algorithm));
    expect(other.observe(7, 'latency_ms', next, 300)).toMatchObject({ state: 'anomalous', alarm: true });
  });
});
