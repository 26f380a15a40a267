import { describe, expect, it } from 'vitest';
import { clockTime, countdown, figure, plural, span } from './format.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

describe('a span of time', () => {
  it.each([
    [-5, '0 s'],
    [0, '0 s'],
    [59_499, '59 s'],
    [59_500, '1 min'],
    [3 * minute + 10 * second, '3 min 10 s'],
    [12 * minute + 10 * second, '12 min'],
    [hour, '1 h'],
    [2 * hour + 5 * minute, '2 h 5 min'],
    [76 * hour, '3 d 4 h'],
  ])('of %i ms reads %s', (ms, text) => expect(span(ms)).toBe(text));
});

describe('a countdown', () => {
  it.each([
    [-1, '0:00'],
    [1, '0:01'],
    [245 * second, '4:05'],
    [hour + 2 * minute + 9 * second, '1:02:09'],
  ])('of %i ms reads %s', (ms, text) => expect(countdown(ms)).toBe(text));
});

describe('a figure', () => {
  it.each([
    [0, '0'],
    [0.41999, '0.42'],
    [911.4, '911'],
    [12_345.6, '12,346'],
    [0.000012345, '0.0000123'],
    [-0.5, '-0.5'],
    [null, '–'],
    [Number.NaN, 'not a number'],
    [Infinity, 'infinite'],
  ])('%d reads %s', (value, text) => expect(figure(value)).toBe(text));
});

it('a time of another day has its date', () => {
  const at = new Date(2026, 10, 23, 3, 12, 5).getTime();
  expect(clockTime(at, at + minute)).toBe('03:12:05');
  expect(clockTime(at, at + 48 * hour)).toBe('23 Nov 03:12');
});

it('one is singular', () =>
  expect([plural(1, 'person', 'people'), plural(2, 'person', 'people')]).toEqual(['1 person', '2 people']));
