import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputLimits, Sample, seriesKey } from './index.ts';

const sample = { name: 'http_error_ratio', value: 0.5, timestamp: 1_732_400_000_000, labels: { service: 'shop-api' } };
const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

describe('a sample', () => {
  it.each([
    ['ordinary', {}],
    ['without labels', { labels: undefined }],
    ['negative', { value: -1e300 }],
    ['with an empty label value', { labels: { zone: '' } }],
    ['with as many labels as may be', { labels: labels(inputLimits.labelsPerSample) }],
    ['in any language', { name: '温度', labels: { straße: '🌡' } }],
    ['with labels that objects inherit', { labels: { constructor: 'a', toString: 'b', hasOwnProperty: 'c' } }],
  ])('%s is taken', (_name, change) => {
    expect(Sample.safeParse({ ...sample, ...change }).error).toBeUndefined();
  });

  it.each([
    ['no name', { name: '' }],
    ['a name too long', { name: 'n'.repeat(inputLimits.metricNameChars + 1) }],
    ['NaN', { value: Number.NaN }],
    ['Infinity', { value: Infinity }],
    ['a number as text', { value: '1' }],
    ['half a millisecond', { timestamp: 0.5 }],
    ['a date as text', { timestamp: '2026-01-01' }],
    ['one label too many', { labels: labels(inputLimits.labelsPerSample + 1) }],
    ['a label without a name', { labels: { '': 'x' } }],
    ['a label name too long', { labels: { ['l'.repeat(inputLimits.labelNameChars + 1)]: 'x' } }],
    ['a label value too long', { labels: { a: 'x'.repeat(inputLimits.labelValueChars + 1) } }],
    ['a number as label', { labels: { a: 1 } }],
    ['labels as a list', { labels: ['a'] }],
    ['labels null', { labels: null }],
    ['NUL, which Postgres cannot keep', { labels: { a: 'x\0' } }],
    ['half a surrogate pair, which Postgres cannot keep', { labels: { a: '\ud83c' } }],
    ['more labels together than an index entry holds', { labels: { a: 'é'.repeat(1_000), b: 'é'.repeat(1_000) } }],
  ])('with %s is refused', (_name, change) => {
    expect(Sample.safeParse({ ...sample, ...change }).success).toBe(false);
  });
});

describe('the key of a series', () => {
  const label = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 6 });

  it('is the same in whatever order the labels come', () => {
    fc.assert(
      fc.property(fc.string(), label, (name, given) => {
        const reversed = Object.fromEntries(Object.entries(given).reverse());
        expect(seriesKey(name, reversed)).toBe(seriesKey(name, given));
      }),
    );
  });

  it('is another for every other name or set of labels', () => {
    fc.assert(
      fc.property(fc.string(), label, fc.string(), label, (name, given, otherName, other) => {
        const same =
          name === otherName && isDeepStrictEqual(new Map(Object.entries(given)), new Map(Object.entries(other)));
        expect(seriesKey(name, given) === seriesKey(otherName, other)).toBe(same);
      }),
    );
  });

  it('cannot be forged with the characters that part its pieces', () => {
    expect(seriesKey('a', { b: 'c","d","e' })).not.toBe(seriesKey('a', { b: 'c', d: 'e' }));
    expect(seriesKey('a","b', { c: 'd' })).not.toBe(seriesKey('a', { 'b","c': 'd' }));
  });
});
