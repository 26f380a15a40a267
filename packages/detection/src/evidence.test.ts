import { describe, expect, test } from 'vitest';
import { createDetector } from './create.ts';
import {
  calibrateEvidence,
  evidenceAlarm,
  evidenceScore,
  evidenceWindow,
  youth,
  type EvidenceTail,
} from './evidence.ts';
import { ruleFor } from './rules.ts';
import { config, feed, healthy, minute, start } from './stand-ins.ts';

const windowMs = minute;
const series = 700;

/** Windows of a service that all show the same: what is known of it afterwards. */
function afterWindows(sums: number[], from: EvidenceTail | null = null): EvidenceTail {
  return sums.reduce<EvidenceTail | null>(
    (tail, sum, i) => calibrateEvidence(tail, { now: start + i * windowMs, sum, series, windowMs }).tail,
    from,
  )!;
}
const scoreOf = (tail: EvidenceTail | null, sum: number, count = series) =>
  calibrateEvidence(tail, { now: (tail?.at ?? start) + windowMs, sum, series: count, windowMs }).score;

describe('evidence of one service', () => {
  test('defect 12: a fleet that is always a little out is judged by what it shows by itself', () => {
    const noise = Array.from({ length: 3 * 1_440 }, (_, i) => 6 + 4 * Math.sin(i * 1.7));
    const tail = afterWindows(noise);
    expect(scoreOf(null, 10)).toBeGreaterThan(evidenceAlarm);
    expect(scoreOf(tail, 10)).toBeLessThan(evidenceAlarm);
    expect(scoreOf(tail, 20)).toBeGreaterThan(evidenceAlarm);
  });

  test('one outage does not teach it that outages are ordinary', () => {
    const quiet = afterWindows(Array.from({ length: 1_440 }, () => 1));
    const after = afterWindows(
      Array.from({ length: 30 }, () => 60),
      quiet,
    );
    expect(scoreOf(after, 60)).toBeGreaterThan(evidenceAlarm);
  });

  test('hundreds of young series must be out together, a few open at once, and with time all are judged alike', () => {
    const opens = (series: number, sum: number, ageMs: number) =>
      calibrateEvidence(null, { now: start, sum, series, young: series * youth(ageMs), windowMs }).score >=
      evidenceAlarm;
    expect(opens(11, 6, 0)).toBe(true);
    expect(opens(520, 90, 8 * minute)).toBe(false);
    expect(opens(520, 300, 8 * minute)).toBe(true);
    expect(opens(520, 90, 150 * minute)).toBe(true);
    expect(opens(520, 6, 180 * minute)).toBe(true);
  });

  test('defect 13: a single series is never enough, two that are far out are', () => {
    for (const count of [1, 7, 700]) expect(scoreOf(null, 3, count)).toBeLessThan(evidenceAlarm);
    for (const count of [2, 7]) expect(scoreOf(null, 6, count)).toBeGreaterThan(evidenceAlarm);
  });

  test('windows without news count too, in one step however many they are', () => {
    const loud = afterWindows(Array.from({ length: 100 }, () => 30));
    const one = calibrateEvidence(loud, { now: loud.at + windowMs, sum: 0, series, windowMs }).tail;
    const later = calibrateEvidence(loud, { now: loud.at + 10_000 * windowMs, sum: 0, series, windowMs }).tail;
    expect(later.quantile).toBeLessThan(one.quantile);
    expect(later.quantile).toBeGreaterThanOrEqual(0);
  });
});

describe('the window', () => {
  test('counts each series once, at its worst, for as long as the window is', () => {
    const window = evidenceWindow(windowMs);
    window.note(1, start, 9);
    window.note(1, start + 1_000, 3);
    window.note(2, start + 1_000, 3);
    window.note(3, start + 1_000, 2);
    expect(window.sum(start + 2_000)).toBe(4);
    expect(window.sum(start + windowMs)).toBe(1);
    expect(window.sum(start + 2 * windowMs)).toBe(0);
  });

  test('a move to the side that is no harm, or below the floor, is no evidence', () => {
    for (const [rule, expected] of [
      [{ harm: 'up' }, 0],
      [{ harm: 'down' }, 1],
      [{ harm: 'down', minEffect: 50 }, 0],
      [{ judge: false }, 0],
    ] as const) {
      const rules = config([], { detector: 'adaptive' });
      const detector = createDetector(rules);
      const { next } = feed(detector, healthy(200));
      const of = ruleFor(config([{ metric: 'latency_ms', ...rule }]), { metric: 'latency_ms' });
      const verdict = detector.observe(1, 'latency_ms', next, 94, of);
      expect(Math.sign(Math.max(0, evidenceScore(rules, of, next, verdict) - 2)), JSON.stringify(rule)).toBe(expected);
    }
  });
});
