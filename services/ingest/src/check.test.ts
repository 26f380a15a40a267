import { inputLimits as limits, Sample } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusalOf } from './check.ts';

const at = 1_732_400_000_000;
const window = { oldest: at - limits.sampleAgeMs, newest: at + limits.sampleAheadMs };
const good = { name: 'http_error_ratio', value: 0.01, timestamp: at, labels: { service: 'shop-api' } };
const wire = (change: object): unknown => JSON.parse(JSON.stringify({ ...good, ...change }));
const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

describe('a sample from outside', () => {
  it.each<[string, unknown]>([
    ['ordinary', good],
    ['without labels', wire({ labels: undefined })],
    ['as old as may be', wire({ timestamp: window.oldest })],
    ['as far ahead as may be', wire({ timestamp: window.newest })],
    ['with labels that objects inherit', wire({ labels: { constructor: 'a', toString: 'b', valueOf: 'c' } })],
    ['with fields that nobody knows', wire({ unit: 'seconds' })],
  ])('%s is taken', (_name, raw) => {
    expect(refusalOf(raw, window)).toBeUndefined();
  });

  it.each<[string, unknown, string, string, RegExp]>([
    ['null', null, '', 'not_an_object', /must be an object/],
    ['a list', [], '', 'not_an_object', /must be an object/],
    ['no name', wire({ name: undefined }), 'name', 'not_a_string', /absent/],
    ['an empty name', wire({ name: '' }), 'name', 'empty', /must not be empty/],
    ['a name too long', wire({ name: 'n'.repeat(257) }), 'name', 'too_long', /257 characters, at most 256/],
    ['a number as name', wire({ name: 7 }), 'name', 'not_a_string', /not 7/],
    ['NaN as JSON writes it', wire({ value: Number.NaN }), 'value', 'not_finite', /finite number, not null/],
    ['NaN as text', wire({ value: 'NaN' }), 'value', 'not_finite', /finite number, not "NaN"/],
    ['Infinity as text', wire({ value: '-Infinity' }), 'value', 'not_finite', /finite number/],
    ['+Inf as Prometheus writes it', wire({ value: '+Inf' }), 'value', 'not_finite', /finite number/],
    [
      'a number beyond all doubles',
      JSON.parse('{"name":"a","value":1e999,"timestamp":1}'),
      'value',
      'not_finite',
      /Infinity/,
    ],
    ['a number as text', wire({ value: '12' }), 'value', 'not_a_number', /not "12"/],
    ['true as value', wire({ value: true }), 'value', 'not_a_number', /not true/],
    ['no timestamp', wire({ timestamp: undefined }), 'timestamp', 'not_a_number', /absent/],
    ['a date as text', wire({ timestamp: '2026-11-23' }), 'timestamp', 'not_a_number', /epoch milliseconds/],
    ['half a millisecond', wire({ timestamp: at + 0.5 }), 'timestamp', 'not_an_integer', /whole/],
    [
      'a timestamp beyond all doubles',
      JSON.parse('{"name":"a","value":1,"timestamp":1e999}'),
      'timestamp',
      'not_finite',
      /epoch/,
    ],
    ['the far past', wire({ timestamp: 0 }), 'timestamp', 'too_old', /24 hours old/],
    [
      'the far future',
      wire({ timestamp: 4_102_444_800_000 }),
      'timestamp',
      'in_future',
      /10 minutes ahead: check the clock/,
    ],
    ['seconds', wire({ timestamp: at / 1_000 }), 'timestamp', 'too_old', /look like seconds/],
    ['nanoseconds', wire({ timestamp: at * 1e6 }), 'timestamp', 'in_future', /nanoseconds/],
    ['labels as text', wire({ labels: 'a=b' }), 'labels', 'not_an_object', /not "a=b"/],
    ['labels as a list', wire({ labels: ['a'] }), 'labels', 'not_an_object', /a list/],
    ['labels null', wire({ labels: null }), 'labels', 'not_an_object', /null/],
    ['too many labels', wire({ labels: labels(33) }), 'labels', 'too_many', /33 labels, at most 32/],
    ['a number as label', wire({ labels: { shard: 3 } }), 'labels.shard', 'not_a_string', /not 3/],
    ['a label of 1 MB', wire({ labels: { a: 'x'.repeat(1_048_576) } }), 'labels.a', 'too_long', /1048576 characters/],
    [
      'a label name of 1 MB',
      wire({ labels: { ['y'.repeat(1_048_576)]: '' } }),
      `labels.${'y'.repeat(64)}`,
      'too_long',
      /name of a label/,
    ],
    ['a label without name', wire({ labels: { '': 'x' } }), 'labels.', 'empty', /name of a label/],
    [
      'a label __proto__',
      JSON.parse(`{"name":"a","value":1,"timestamp":${at},"labels":{"__proto__":"x"}}`),
      'labels.__proto__',
      'forbidden',
      /__proto__/,
    ],
    [
      'an object under __proto__',
      JSON.parse(`{"name":"a","value":1,"timestamp":${at},"labels":{"__proto__":{"service":"x"}}}`),
      'labels.__proto__',
      'forbidden',
      /__proto__/,
    ],
    ['NUL', wire({ labels: { a: '\0' } }), 'labels.a', 'bad_characters', /NUL/],
    [
      'half a surrogate pair',
      JSON.parse(`{"name":"a\\ud800","value":1,"timestamp":${at}}`),
      'name',
      'bad_characters',
      /broken Unicode/,
    ],
    [
      'more labels than an index entry holds',
      wire({ labels: { a: 'x'.repeat(1_024), b: 'x'.repeat(1_024), c: 'x'.repeat(1_024) } }),
      'labels',
      'too_long',
      /together, at most 2400/,
    ],
  ])('that is or has %s is refused', (_name, raw, field, reason, message) => {
    expect(refusalOf(raw, window)).toEqual({ field, reason, message: expect.stringMatching(message) as string });
  });

  it('is shown in short, however long it is', () => {
    expect(refusalOf(wire({ value: 'v'.repeat(1_000_000) }), window)!.message.length).toBeLessThan(100);
  });

  it('is judged as the schema judges it, whatever it is', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', 'NaN', 0, Infinity, '\0', '\ud800'));
    const sizes = fc.constantFrom(0, 1, 127, 128, 129, 255, 256, 257, 1_023, 1_024, 1_025);
    const text = fc.oneof(
      { arbitrary: fc.string({ unit: 'grapheme', minLength: 1 }), weight: 5 },
      fc.string(),
      fc.string({ unit: 'binary' }),
      sizes.map((n) => 'é'.repeat(n)),
      sizes.map((n) => '"'.repeat(n)),
    );
    const labelsLike = fc.oneof(
      { arbitrary: fc.array(fc.tuple(text, text), { maxLength: 4 }), weight: 4 },
      fc.array(fc.tuple(text, fc.oneof(text, odd)), { maxLength: 4 }),
      fc.array(fc.tuple(fc.nat({ max: 99 }).map(String), fc.constant('x')), { minLength: 20, maxLength: 60 }),
      fc.constant([['__proto__', 'x']] as [string, unknown][]),
    );
    // Objects as JSON.parse makes them: a key `__proto__` is a property of their own.
    const object = labelsLike.map(
      (pairs) =>
        JSON.parse(
          `{${pairs.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v) ?? 'null'}`).join()}}`,
        ) as unknown,
    );
    const mostly = <T>(usual: fc.Arbitrary<T>) =>
      fc.oneof({ arbitrary: usual, weight: 20 }, { arbitrary: odd, weight: 1 });
    const sample = fc.record(
      {
        name: mostly(text),
        value: mostly(fc.double()),
        timestamp: mostly(
          fc.oneof(
            fc.integer({ min: window.oldest - 5, max: window.newest + 5 }),
            fc.constantFrom(window.oldest, window.newest, window.oldest - 1, window.newest + 1),
            fc.double(),
          ),
        ),
        labels: mostly(object),
      },
      { requiredKeys: ['name', 'value'] },
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.oneof({ arbitrary: sample, weight: 20 }, odd), (raw) => {
        const parsed = Sample.safeParse(raw);
        const inTime =
          parsed.success && parsed.data.timestamp >= window.oldest && parsed.data.timestamp <= window.newest;
        const proto = Object.hasOwn(((raw as { labels?: unknown } | null)?.labels ?? {}) as object, '__proto__');
        const wanted = inTime && !proto;
        taken += wanted ? 1 : 0;
        expect(refusalOf(raw, window) === undefined).toBe(wanted);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(200); // else it compares refusals with refusals
  });
});
