import { describe, expect, test } from 'vitest';
import { createDetector } from '../create.ts';
import type { Verdict } from '../detector.ts';
import { config, feed, flat, healthy, minute, normalFrom, second, start } from '../stand-ins.ts';

const adaptive = (rules: Record<string, unknown>[] = []) => createDetector(config(rules, { detector: 'adaptive' }));
const trained = (rules: Record<string, unknown>[] = [], count = 240) => {
  const detector = adaptive(rules);
  const { next } = feed(detector, healthy(count));
  return { detector, next };
};
const hour = 60 * minute;

describe('what is wrong with the reference', () => {
  test('defect 1: series that differ in labels have histories of their own', () => {
    const detector = adaptive();
    feed(detector, healthy(60), { series: 1 });
    const { next } = feed(detector, flat(5_000, 60), { series: 2 });
    expect(detector.observe(2, 'latency_ms', next, 5_000).state).toBe('normal');
    expect(detector.observe(1, 'latency_ms', next, 5_000).state).toBe('anomalous');
  });

  test('defect 2: late, duplicate and reordered samples do not count', () => {
    const { detector, next } = trained();
    const before = detector.snapshot();
    expect(detector.observe(1, 'latency_ms', next - 10 * second, 9_999)).toMatchObject({ dropped: 'duplicate' });
    expect(detector.observe(1, 'latency_ms', next - 35 * second, 9_999)).toMatchObject({ dropped: 'late' });
    expect(detector.snapshot()).toEqual(before);
  });

  test('defect 3: any step will do, and what was learned is forgotten after eight days of silence', () => {
    for (const stepMs of [10 * second, minute, 5 * minute]) {
      const detector = adaptive();
      const { next } = feed(detector, healthy(240), { stepMs });
      expect(detector.observe(1, 'latency_ms', next, 200)).toMatchObject({ state: 'anomalous', severity: 'critical' });
    }
    const { detector, next } = trained();
    expect(detector.observe(1, 'latency_ms', next + 9 * 24 * hour, 200).state).toBe('learning');
  });

  test('defect 5: an anomaly stays one for half an hour, by the band from before it, and is the new normal then', () => {
    for (const stepMs of [10 * second, minute]) {
      const detector = adaptive();
      const { next } = feed(detector, healthy(240), { stepMs });
      const shifted = healthy((2 * hour) / stepMs, 7).map((value) => value * 3);
      const { verdicts } = feed(detector, shifted, { from: next, stepMs });
      const last = verdicts.findLastIndex((verdict) => verdict.state === 'anomalous');
      expect(new Set(verdicts.slice(0, last).map((verdict) => verdict.high)).size).toBe(1);
      expect(verdicts.slice(0, last).every((verdict) => verdict.state === 'anomalous')).toBe(true);
      expect(last * stepMs).toBe(30 * minute);
      expect(verdicts.at(-1)).toMatchObject({ state: 'normal', episodeAt: null });
    }
  });

  test('defect 5: one alarm is raised for an episode, not one a sample', () => {
    const { detector, next } = trained();
    const { verdicts } = feed(detector, flat(200, 60), { from: next });
    expect(verdicts.filter((verdict) => verdict.alarm)).toHaveLength(1);
  });

  test('defect 5: what was normal before a short incident is normal after it, and the next one is seen', () => {
    const { detector, next } = trained();
    const during = feed(detector, flat(300, 30), { from: next });
    const { verdicts, next: later } = feed(detector, healthy(120, 5), { from: during.next });
    expect(verdicts.slice(12).filter((verdict) => verdict.state === 'anomalous')).toEqual([]);
    expect(detector.observe(1, 'latency_ms', later, 600)).toMatchObject({ state: 'anomalous', alarm: true });
  });

  test('defect 6: asking changes nothing', () => {
    const { detector, next } = trained();
    const before = detector.snapshot();
    detector.history(1);
    detector.silent(next, 0);
    expect(detector.snapshot()).toEqual(before);
    expect(detector.history(1)).toHaveLength(60);
  });

  test('defect 7: a flat line that moves fires', () => {
    for (const level of [0, 1, 5_000]) {
      const detector = adaptive();
      const { next } = feed(detector, flat(level, 60));
      expect(detector.observe(1, 'latency_ms', next, level).state).toBe('normal');
      expect(detector.observe(1, 'latency_ms', next + second, level + Math.max(1, level * 0.1)).state).toBe(
        'anomalous',
      );
    }
  });

  test('defect 8: an improvement does not fire, harm does, nor does what is below the floor', () => {
    const better = trained([{ metric: 'latency_*', harm: 'up' }]);
    expect(better.detector.observe(1, 'latency_ms', better.next, 10)).toMatchObject({
      state: 'normal',
      because: 'direction',
      episodeAt: null,
    });
    const worse = trained([{ metric: 'latency_*', harm: 'up' }]);
    expect(worse.detector.observe(1, 'latency_ms', worse.next, 190)).toMatchObject({
      state: 'anomalous',
      direction: 'up',
    });
    const small = trained([{ metric: 'latency_*', minEffect: 50 }]);
    expect(small.detector.observe(1, 'latency_ms', small.next, 140)).toMatchObject({ because: 'below_floor' });
  });

  test('defect 9: NaN and infinite values do no damage', () => {
    const { detector, next } = trained();
    const before = detector.snapshot();
    for (const value of [NaN, Infinity, -Infinity, 1e31]) {
      expect(detector.observe(1, 'latency_ms', next, value)).toMatchObject({ accepted: false, dropped: 'not_finite' });
    }
    expect(detector.snapshot()).toEqual(before);
  });

  test('defect 10: a counter is judged by its rate, and a reset is not a fall', () => {
    const detector = adaptive();
    const normal = normalFrom(2);
    let [total, at] = [0, start];
    const count = (perSecond: number) => {
      at += 10 * second;
      total += perSecond * 10;
      return detector.observe(1, 'http_requests_total', at, total);
    };
    for (let i = 0; i < 120; i++) count(50 + normal());
    total = 0;
    expect(count(50)).toMatchObject({ state: 'normal', value: 50 });
    expect(count(200)).toMatchObject({ state: 'anomalous', direction: 'up' });
  });

  test('defect 10: a daily season is learned, and its absence is an anomaly', () => {
    const detector = adaptive();
    const normal = normalFrom(4);
    const stepMs = 5 * minute;
    // Flat by night, and half an hour of a steep peak at noon.
    const value = (i: number) =>
      (i * stepMs) % (24 * hour) >= 12 * hour && (i * stepMs) % (24 * hour) < 12.5 * hour ? 500 : 100;
    const days = 14;
    const samples = (days * 24 * hour) / stepMs;
    const { verdicts, next } = feed(
      detector,
      Array.from({ length: samples }, (_, i) => value(i) + normal()),
      { stepMs },
    );
    const lastDays = verdicts.slice(-(3 * 24 * hour) / stepMs);
    expect(lastDays.filter((verdict) => verdict.alarm)).toEqual([]);
    const night = feed(
      detector,
      Array.from({ length: 36 }, () => 100 + normal()),
      { from: next, stepMs },
    );
    expect(detector.observe(1, 'latency_ms', night.next, 500)).toMatchObject({ state: 'anomalous', alarm: true });
  });

  test('defect 11: too little data reads as learning, missing data as silence', () => {
    const detector = adaptive([{ metric: 'up', noData: 'alert' }]);
    expect(detector.observe(1, 'up', start, 1)).toMatchObject({ state: 'learning', because: 'learning' });
    const { next } = feed(detector, flat(1, 40), { metric: 'up', from: start + second });
    expect(detector.silent(next + 2 * minute, 0)).toEqual([expect.objectContaining({ seriesId: 1, state: 'no-data' })]);
  });

  test('defect 12: the score is calibrated to the series, whatever its distribution', () => {
    for (const shape of [(x: number) => x, (x: number) => Math.exp(x), (x: number) => x ** 3]) {
      const detector = adaptive();
      const normal = normalFrom(11);
      const { verdicts } = feed(
        detector,
        Array.from({ length: 40_000 }, () => shape(normal())),
        { stepMs: minute },
      );
      const above = verdicts.slice(5_000).filter((verdict) => verdict.score > 2).length / 35_000;
      expect(above).toBeGreaterThan(0.005);
      expect(above).toBeLessThan(0.02);
    }
  });

  test('defect 12: noise alone alarms less and less, however often it is looked at', () => {
    for (const stepMs of [10 * second, 5 * minute]) {
      const detector = adaptive();
      const { verdicts } = feed(detector, healthy((3 * 24 * hour) / stepMs, 3), { stepMs });
      expect(verdicts.filter((verdict) => verdict.alarm).length).toBeLessThan(12);
    }
  });

  test('defect 4: samples of different series may come interleaved', () => {
    const apart = [1, 2].map((series) => feed(adaptive(), healthy(80, series), { series }).verdicts);
    const mixed = adaptive();
    const verdicts = healthy(80, 1).map((value, i) =>
      [value, healthy(80, 2)[i]!].map((each, s) => mixed.observe(s + 1, 'latency_ms', start + i * 10 * second, each)),
    );
    expect([0, 1].map((s) => verdicts.map((pair) => pair[s]))).toEqual(apart);
  });

  test('defect 5: a peak that comes every night is an alarm at first and usual then; the same to the other side is not', () => {
    const detector = adaptive();
    const normal = normalFrom(6);
    const value = (i: number) => 100 + normal() + (i % 288 === 17 + (i % 5) ? 60 + normal() : 0);
    const { verdicts, next } = feed(
      detector,
      Array.from({ length: 21 * 288 }, (_, i) => value(i)),
      { stepMs: 5 * minute },
    );
    const alarms = (days: Verdict[]) => days.filter((verdict) => verdict.alarm && verdict.value > 140).length;
    expect(alarms(verdicts.slice(0, 7 * 288))).toBeGreaterThan(1);
    expect(alarms(verdicts.slice(-7 * 288))).toBeLessThanOrEqual(1);
    expect(detector.observe(1, 'latency_ms', next, 40)).toMatchObject({ alarm: true, direction: 'down' });
  });

  test('defect 5: a short incident does not widen the band much', () => {
    const { detector, next } = trained();
    const width = ({ low, high }: Verdict) => high - low;
    const before = width(detector.observe(1, 'latency_ms', next, 100));
    const during = feed(detector, flat(300, 30), { from: next + 10 * second });
    const after = feed(detector, healthy(60, 5), { from: during.next }).verdicts.at(-1)!;
    expect(width(after)).toBeLessThan(5 * before);
  });

  test('defect 15: state is of fixed size, at most 3 kB a series', () => {
    const { detector, next } = trained();
    const bytes = detector.snapshot().length;
    feed(detector, healthy(5_000), { from: next });
    expect(detector.snapshot().length).toBe(bytes);
    expect(bytes).toBeLessThan(3_072);
  });
});

test('no look-ahead: verdicts on the first half do not depend on the second', () => {
  const values = healthy(600);
  const whole = feed(adaptive(), [...values, ...flat(1e6, 10)]).verdicts;
  expect(whole.slice(0, 600)).toEqual(feed(adaptive(), values).verdicts);
});
