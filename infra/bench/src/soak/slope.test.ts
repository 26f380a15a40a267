import { expect, test } from 'vitest';
import { slopeOf } from './slope.ts';

const readings = (value: (hours: number) => number) =>
  Array.from({ length: 200 }, (_, i) => ({ hours: i / 400, value: value(i / 400) }));

test('a leak of 12 MB an hour is found, with an interval that holds it and not zero', () => {
  const { perHour, plusMinus } = slopeOf(readings((hours) => 300 + 12 * hours + Math.sin(hours * 5_000)));
  expect(Math.abs(perHour - 12)).toBeLessThan(plusMinus);
  expect(perHour - plusMinus).toBeGreaterThan(0);
});

test('what swings and stays where it is has an interval around zero', () => {
  const { perHour, plusMinus } = slopeOf(readings((hours) => 300 + 20 * Math.sin(hours * 5_000)));
  expect(Math.abs(perHour)).toBeLessThan(plusMinus);
});
