import { expect, test } from 'vitest';
import { countEvents } from './events.ts';
import type { NabFile } from './nab/corpus.ts';
import { rowsOf, scoreAt, sweep } from './nab/score.ts';

/** 100 rows, of which the first 15 are probation, with a window of ten from row 50. */
const file: NabFile = {
  name: 'made up',
  at: Float64Array.from({ length: 100 }, (_, i) => i * 60_000),
  value: new Float64Array(100),
  windows: [[50, 59]],
};
const alarmsAt = (...rows: number[]) => Float64Array.from({ length: 100 }, (_, i) => (rows.includes(i) ? 1 : 0));
const scored = (...rows: number[]) => scoreAt(rowsOf([file], [alarmsAt(...rows)]), 'standard', 1);

test('a detection on the first row of a window is worth all, later ones less, none nothing', () => {
  expect(scored(50)).toBeCloseTo(100);
  expect(scored(58)).toBeLessThan(scored(54));
  expect(scored()).toBe(0);
});

test('only the best detection of a window counts, every false alarm does, and probation is free', () => {
  expect(scored(50, 51, 52)).toBeCloseTo(100);
  expect(scored(50, 20)).toBeCloseTo(100 - (100 * 0.11) / 2);
  expect(scored(50, 20, 30)).toBeCloseTo(100 - (2 * 100 * 0.11) / 2);
  expect(scored(50, 10)).toBeCloseTo(100);
});

test('the sweep finds the threshold above the false alarms', () => {
  const scores = alarmsAt(50);
  scores[20] = 0.5;
  expect(sweep(rowsOf([file], [scores]), 'standard')).toMatchObject({ threshold: 1 });
});

test('events are found once, and a false alarm re-arms after two hours', () => {
  const at = Float64Array.from({ length: 600 }, (_, i) => i * 60_000);
  const label = at.map((_, i) => (i >= 300 && i < 320 ? 1 : 0));
  const alarm = at.map((_, i) => ([10, 20, 129, 130, 303, 304].includes(i) ? 1 : 0));
  expect(countEvents([{ at, label, alarm, first: 0 }])).toMatchObject({
    events: 1,
    found: 1,
    falseAlarms: 2,
    medianDelayMs: 3 * 60_000,
  });
});
