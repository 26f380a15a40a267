import { describe, expect, test } from 'vitest';
import { createDetector } from './create.ts';
import { config, feed, flat, healthy, minute, normalFrom } from './stand-ins.ts';

describe.each(['zscore', 'adaptive'])('a rule of %s', (detector) => {
  const configured = (rule: Record<string, unknown>) => config([{ metric: 'latency_ms', ...rule }], { detector });
  const trained = (rule: Record<string, unknown>) => {
    const made = createDetector(configured({}));
    const { next } = feed(made, healthy(240));
    made.configure(configured(rule));
    return { observe: (value: number) => made.observe(1, 'latency_ms', next, value), made, next };
  };

  test('sensitivity 2 fires at half the distance, 0.5 at twice', () => {
    const { low, high, expected } = trained({}).observe(100);
    const half = (high - low) / 2;
    for (const sensitivity of [0.5, 1, 2]) {
      const band = trained({ sensitivity }).observe(100);
      expect(band.high - band.low).toBeCloseTo((2 * half) / sensitivity, 3);
      expect(trained({ sensitivity }).observe(expected + (1.2 * half) / sensitivity).state).toBe('anomalous');
      expect(trained({ sensitivity }).observe(expected + (0.4 * half) / sensitivity).state).toBe('normal');
    }
  });

  test('minDurationSeconds: an anomaly once it has lasted, and then since its first sample', () => {
    const { made, next } = trained({ minDurationSeconds: 60 });
    const { verdicts } = feed(made, flat(200, 10), { from: next });
    expect(verdicts.findIndex((verdict) => verdict.state === 'anomalous')).toBe(6);
    expect(verdicts.slice(6).every((verdict) => verdict.state === 'anomalous')).toBe(true);
    expect(verdicts[0]).toMatchObject({ because: 'duration', alarm: false, episodeAt: null });
    expect(verdicts[6]).toMatchObject({ alarm: true, episodeAt: next });
  });

  test('minDurationSeconds: a sample inside begins it anew, and so does a gap', () => {
    const { made, next } = trained({ minDurationSeconds: 60 });
    const values = [...flat(200, 5), 100, ...flat(200, 5)];
    expect(feed(made, values, { from: next }).verdicts.every((verdict) => verdict.state === 'normal')).toBe(true);
    expect(made.observe(1, 'latency_ms', next + 10 * minute, 200)).toMatchObject({ state: 'normal' });
  });
});

test('seasonality: what comes every day is expected where the day may be learned, and not where it may not', () => {
  const stepMs = 5 * minute;
  const errorOf = (seasonality: string) => {
    const detector = createDetector(config([{ metric: 'latency_ms', seasonality }], { detector: 'adaptive' }));
    const normal = normalFrom(4);
    const value = (i: number) => 500 + 300 * Math.sin((2 * Math.PI * i) / 288) + 30 * normal();
    const { verdicts } = feed(
      detector,
      Array.from({ length: 10 * 288 }, (_, i) => value(i)),
      { stepMs },
    );
    const off = verdicts.slice(-2 * 288).map((verdict) => Math.abs(verdict.value - verdict.expected));
    return off.reduce((sum, each) => sum + each, 0) / off.length;
  };
  const none = errorOf('none');
  expect(errorOf('auto')).toBeLessThan(0.9 * none);
  expect(errorOf('day')).toBeLessThan(0.9 * none);
  expect(errorOf('week')).toBeLessThan(none);
});
