import { describe, expect, test } from 'vitest';
import { judgeRecovery, type WatchedSeries } from './recovery.ts';

const since = 1_000_000_000;
const holdMs = 60_000;
const points = (from: number, to: number, value = 100, step = 5_000) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => ({ at: since + from + i * step, value }));
const series = (given: Partial<WatchedSeries> = {}): WatchedSeries => ({
  seriesId: 1,
  name: 'latency_ms',
  low: 90,
  high: 110,
  points: points(5_000, 70_000),
  ...given,
});
const judge = (watched: WatchedSeries[], nowAfter = 70_000, given: { minSamples?: number } = {}) =>
  judgeRecovery({ series: watched, since, now: since + nowAfter, holdMs, minSamples: 5, ...given });

describe('recovery', () => {
  test('is proven by fresh samples inside the band for the whole hold', () => {
    expect(judge([series(), series({ seriesId: 2 })])).toEqual({
      verdict: 'recovered',
      detail: '2 series inside their bands for 60 s, 28 fresh samples',
      freshSamples: 28,
    });
  });

  test('defect 47: nothing to look at is not recovery', () => {
    expect(judge([]).verdict).toBe('waiting');
    expect(judge([series({ points: [] })])).toMatchObject({
      verdict: 'waiting',
      freshSamples: 0,
      detail: 'latency_ms: no fresh sample yet',
    });
  });

  test('samples from before the action, or from the future, are no evidence', () => {
    expect(judge([series({ points: points(-300_000, 0) })])).toMatchObject({ verdict: 'waiting', freshSamples: 0 });
    expect(judge([series({ points: points(100_000, 200_000) })])).toMatchObject({
      verdict: 'waiting',
      freshSamples: 0,
    });
  });

  test('every series must be back', () => {
    const sick = series({ seriesId: 2, name: 'errors', points: points(5_000, 70_000, 300) });
    expect(judge([series(), sick])).toMatchObject({
      verdict: 'not_recovered',
      detail: 'errors: 300 is outside 90 to 110',
    });
    expect(judge([series(), series({ points: [] })]).verdict).toBe('waiting');
  });

  test('a relapse starts the hold anew', () => {
    const relapse = [...points(5_000, 40_000), { at: since + 45_000, value: 500 }, ...points(50_000, 105_000)];
    expect(judge([series({ points: relapse })], 105_000)).toMatchObject({
      verdict: 'waiting',
      detail: 'latency_ms: inside its band for 55 s of 60 s',
    });
    expect(judge([series({ points: [...relapse, ...points(110_000, 110_000)] })], 110_000).verdict).toBe('recovered');
  });

  test('too few samples, or a hole in the hold, prove nothing', () => {
    expect(judge([series({ points: points(5_000, 85_000, 100, 20_000) })], 86_000).verdict).toBe('recovered');
    expect(judge([series({ points: points(5_000, 65_000, 100, 20_000) })], 66_000).verdict).toBe('waiting');
    const hole = [...points(5_000, 20_000), ...points(65_000, 70_000)];
    expect(judge([series({ points: hole })])).toMatchObject({
      verdict: 'waiting',
      detail: 'latency_ms: no sample for 45 s of the hold',
    });
    // It was well for long, then fell silent.
    expect(judge([series()], 150_000)).toMatchObject({
      verdict: 'waiting',
      detail: 'latency_ms: no sample for 80 s of the hold',
    });
  });

  test('a slow series is given the time it needs', () => {
    const slow = points(60_000, 60_000 + 4 * 300_000, 100, 300_000);
    expect(judge([series({ points: slow.slice(0, 4) })], 1_000_000).verdict).toBe('waiting');
    expect(judge([series({ points: slow })], 1_300_000).verdict).toBe('recovered');
  });

  test('an open side of the band is not asked about', () => {
    const better = points(5_000, 70_000, 1);
    expect(judge([series({ points: better })]).verdict).toBe('not_recovered');
    expect(judge([series({ low: -Infinity, points: better })]).verdict).toBe('recovered');
  });
});
