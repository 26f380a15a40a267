import { describe, expect, test } from 'vitest';
import { createDetector } from '../create.ts';
import { config as configured, feed, flat, healthy, minute, normalFrom, second, start } from '../stand-ins.ts';

const config = (rules: Record<string, unknown>[] = []) => configured(rules, { detector: 'zscore' });

const trained = (rules: Record<string, unknown>[] = [], seed = 1) => {
  const detector = createDetector(config(rules));
  const { next } = feed(detector, healthy(60, seed));
  return { detector, next };
};
const observe = (detector: ReturnType<typeof createDetector>, at: number, value: number, metric = 'latency_ms') =>
  detector.observe(1, metric, at, value);

describe('the reference rule', () => {
  test('warns above 3 standard deviations, is critical above 4', () => {
    const { detector, next } = trained();
    const { expected, high } = observe(detector, next, 100);
    const deviation = (high - expected) / 3;
    expect(observe(detector, next + 1, expected + 2.8 * deviation).state).toBe('normal');
    expect(observe(detector, next + 2, expected + 3.5 * deviation)).toMatchObject({
      state: 'anomalous',
      severity: 'warning',
      direction: 'up',
    });
    expect(observe(detector, next + 3, expected - 6 * deviation)).toMatchObject({
      state: 'anomalous',
      severity: 'critical',
      direction: 'down',
    });
  });

  test('needs 30 samples', () => {
    const detector = createDetector(config());
    const { verdicts } = feed(detector, healthy(31));
    expect(verdicts.slice(0, 30).map((verdict) => verdict.state)).toEqual(flat(0, 30).map(() => 'learning'));
    expect(verdicts[30]!.state).toBe('normal');
  });
});

describe('what is wrong with the reference', () => {
  test('defect 1: series that differ in labels have histories of their own', () => {
    const detector = createDetector(config());
    feed(detector, healthy(60), { series: 1 });
    const { next } = feed(detector, flat(5_000, 60), { series: 2 });
    expect(detector.observe(1, 'latency_ms', next, 5_000).state).toBe('anomalous');
    expect(detector.observe(2, 'latency_ms', next, 5_000).state).toBe('normal');
  });

  test('defect 2: late, duplicate and reordered samples do not count', () => {
    const { detector, next } = trained();
    const before = detector.snapshot();
    expect(observe(detector, next - 10 * second, 9_999)).toMatchObject({ accepted: false, dropped: 'duplicate' });
    expect(observe(detector, next - 35 * second, 9_999)).toMatchObject({ accepted: false, dropped: 'late' });
    expect(detector.snapshot()).toEqual(before);
  });

  test('defect 3: any step will do, and a baseline of another day is forgotten', () => {
    for (const stepMs of [second, 15 * second, 5 * minute]) {
      const detector = createDetector(config());
      const { next } = feed(detector, healthy(60), { stepMs });
      expect(observe(detector, next, 200)).toMatchObject({ state: 'anomalous', severity: 'critical' });
    }
    const { detector, next } = trained();
    expect(observe(detector, next + 47 * 60 * minute, 200).state).toBe('anomalous');
    expect(observe(detector, next + 96 * 60 * minute, 200).state).toBe('learning');
  });

  test('defect 4: samples of different series may come interleaved', () => {
    const apart = [1, 2].map((series) => {
      const detector = createDetector(config());
      return feed(detector, healthy(80, series), { series }).verdicts;
    });
    const mixed = createDetector(config());
    const [one, two] = [healthy(80, 1), healthy(80, 2)];
    const verdicts = one.map((value, i) => [
      mixed.observe(1, 'latency_ms', start + i * 10 * second, value),
      mixed.observe(2, 'latency_ms', start + i * 10 * second, two[i]!),
    ]);
    expect(verdicts.map((pair) => pair[0])).toEqual(apart[0]);
    expect(verdicts.map((pair) => pair[1])).toEqual(apart[1]);
  });

  test('defect 5: anomalies do not poison the baseline', () => {
    const { detector, next } = trained();
    const { verdicts } = feed(detector, flat(200, 120), { from: next });
    const bands = new Set(verdicts.map((verdict) => verdict.high));
    expect(verdicts.every((verdict) => verdict.state === 'anomalous' && verdict.severity === 'critical')).toBe(true);
    expect(bands.size).toBe(1);
  });

  test('defect 5: a shift that lasts half an hour is the new normal, however many samples that is', () => {
    for (const stepMs of [10 * second, minute]) {
      const detector = createDetector(config());
      const { next } = feed(detector, healthy(60), { stepMs });
      const { verdicts } = feed(
        detector,
        healthy((60 * minute) / stepMs, 7).map((value) => value * 3),
        { from: next, stepMs },
      );
      const firstNormal = verdicts.findIndex((verdict) => verdict.state === 'normal');
      expect(firstNormal * stepMs).toBe(30 * minute + stepMs);
      expect(verdicts.at(-1)).toMatchObject({ state: 'normal', episodeAt: null });
    }
  });

  test('defect 5: after a long outage the return to normal is learned in 30 samples, so that the next one is seen', () => {
    const detector = createDetector(config([{ metric: 'latency_ms', harm: 'up' }]));
    let { next } = feed(detector, healthy(60));
    ({ next } = feed(
      detector,
      healthy(240, 3).map((value) => value * 3),
      { from: next },
    ));
    ({ next } = feed(detector, healthy(40, 4), { from: next }));
    expect(observe(detector, next, 300)).toMatchObject({ state: 'anomalous', severity: 'critical' });
  });

  test('defect 6: a sample is judged by what came before it, and asking for history changes nothing', () => {
    const { detector, next } = trained();
    const before = detector.snapshot();
    detector.history(1);
    detector.silent(next, 0);
    expect(detector.snapshot()).toEqual(before);
    const points = detector.history(1);
    expect(points).toHaveLength(60);
    expect(points.at(-1)).toMatchObject({ at: next - 10 * second });
  });

  test('defect 7: a flat line that moves fires', () => {
    for (const level of [0, 1, 5_000]) {
      const detector = createDetector(config());
      const { next } = feed(detector, flat(level, 60));
      expect(observe(detector, next, level).state).toBe('normal');
      expect(observe(detector, next + second, level + Math.max(1, level * 0.1)).state).toBe('anomalous');
    }
  });

  test('defect 8: an improvement does not fire, harm does', () => {
    const { detector, next } = trained([{ metric: 'latency_*', harm: 'up' }]);
    expect(observe(detector, next, 10)).toMatchObject({ state: 'normal', because: 'direction', episodeAt: null });
    expect(observe(detector, next + second, 190)).toMatchObject({ state: 'anomalous', direction: 'up' });
  });

  test('defect 9: NaN and infinite values do no damage', () => {
    const { detector, next } = trained();
    const before = detector.snapshot();
    for (const value of [NaN, Infinity, -Infinity, 1e300]) {
      expect(observe(detector, next, value)).toMatchObject({ accepted: false, dropped: 'not_finite' });
    }
    expect(detector.observe(99, 'new', next, NaN).accepted).toBe(false);
    expect(observe(detector, NaN, 100).accepted).toBe(false);
    expect(detector.snapshot()).toEqual(before);
    expect(observe(detector, next, 200).state).toBe('anomalous');
  });

  test('defect 10: a counter is judged by its rate, and a reset is not a fall', () => {
    const detector = createDetector(config());
    const normal = normalFrom(2);
    let [total, at] = [0, start];
    const count = (perSecond: number) => {
      at += 10 * second;
      total += perSecond * 10;
      return detector.observe(1, 'http_requests_total', at, total);
    };
    expect(count(50).value).toBeNaN();
    for (let i = 0; i < 60; i++) count(50 + normal());
    expect(count(50).value).toBeCloseTo(50);
    total = 0;
    expect(count(50)).toMatchObject({ state: 'normal', value: 50 });
    expect(count(200)).toMatchObject({ state: 'anomalous', direction: 'up' });
  });

  test('defect 11: too little data reads as learning, not as healthy', () => {
    const detector = createDetector(config());
    expect(observe(detector, start, 1)).toMatchObject({ state: 'learning', because: 'learning' });
  });

  test('defect 11: missing data is a state of its own; whether it is an anomaly is for the rule to say', () => {
    const rules = [
      { metric: 'up', noData: 'alert' },
      { metric: 'batch_*', noData: 'ignore' },
    ];
    const detector = createDetector(config(rules));
    const { next } = feed(detector, flat(1, 40), { series: 1, metric: 'up' });
    feed(detector, flat(1, 40), { series: 2, metric: 'batch_rows' });
    feed(detector, flat(1, 40), { series: 3, metric: 'latency_ms', stepMs: 5 * minute });
    expect(detector.silent(next + 30 * second, 0)).toEqual([]);
    const silent = detector.silent(next + 2 * minute, 0);
    expect(silent).toHaveLength(2);
    expect(silent).toContainEqual(
      expect.objectContaining({ seriesId: 1, state: 'no-data', policy: 'alert', lastValue: 1, score: 13 }),
    );
    expect(silent).toContainEqual(expect.objectContaining({ seriesId: 2, state: 'stale', policy: 'ignore' }));
    // Who has just begun to listen has heard nothing yet.
    expect(detector.silent(next + 2 * minute, next + 2 * minute)).toEqual([]);
    expect(observe(detector, next + 3 * minute, 1, 'up').state).toBe('normal');
    expect(detector.silent(next + 3 * minute, 0).map((silence) => silence.seriesId)).toEqual([2]);
  });

  test('defect 12: the score is calibrated: a score of s comes once in 10^s healthy samples', () => {
    const normal = normalFrom(11);
    const detector = createDetector(config());
    let [above1, above2, judged] = [0, 0, 0];
    for (let series = 1; series <= 400; series++) {
      for (let i = 0; i < 100; i++) {
        const verdict = detector.observe(series, 'm', start + i * second, normal());
        // Later ones are not independent of what was learned before.
        if (verdict.state === 'learning') continue;
        judged++;
        if (verdict.score > 1) above1++;
        if (verdict.score > 2) above2++;
      }
    }
    expect(judged).toBe(28_000);
    expect(above1 / judged).toBeGreaterThan(0.09);
    expect(above1 / judged).toBeLessThan(0.115);
    expect(above2 / judged).toBeGreaterThan(0.008);
    expect(above2 / judged).toBeLessThan(0.014);
  });

  test('defect 15: state is of fixed size, and a series that is gone for two days is forgotten', () => {
    const { detector, next } = trained();
    const bytes = detector.snapshot().length;
    const more = feed(detector, healthy(5_000), { from: next });
    expect(detector.snapshot().length).toBe(bytes);
    feed(detector, healthy(10), { series: 2, from: more.next + 47 * 60 * minute });
    detector.silent(more.next + 49 * 60 * minute, 0);
    expect(detector.size).toBe(1);
    expect(detector.history(1)).toEqual([]);
    expect(detector.history(2)).toHaveLength(10);
  });
});

test('a change smaller than the rule says matters does not fire', () => {
  const { detector, next } = trained([{ metric: 'latency_ms', minEffect: 50 }]);
  expect(observe(detector, next, 140)).toMatchObject({ state: 'normal', because: 'below_floor' });
  expect(observe(detector, next + second, 160)).toMatchObject({ state: 'anomalous', severity: 'critical' });
});

test('a metric that is not judged is kept for charts', () => {
  const { detector, next } = trained([{ metric: 'latency_ms', judge: false }]);
  expect(observe(detector, next, 1e9)).toMatchObject({ state: 'learning', accepted: true, because: 'not_judged' });
  expect(detector.history(1).at(-1)).toEqual({ at: next, value: 1e9, expected: null, low: null, high: null });
});

test('an episode outlasts a calm moment, ends after a minute of calm, and is another one then', () => {
  const { detector, next } = trained();
  const values = [...flat(200, 3), ...healthy(10, 5), 200];
  const { verdicts } = feed(detector, values, { from: next });
  const during = flat(next, 9);
  expect(verdicts.map((verdict) => verdict.episodeAt)).toEqual([
    ...during,
    null,
    null,
    null,
    null,
    next + 130 * second,
  ]);
  expect(observe(detector, next + 600 * second, 200).episodeAt).toBe(next + 600 * second);
});

test('new rules are in force at once, what was learned stays', () => {
  const { detector, next } = trained();
  detector.configure(config([{ metric: 'latency_ms', minEffect: 500 }]));
  expect(observe(detector, next, 200).because).toBe('below_floor');
});
