import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson } from './plan-hash.ts';

it('is one text per value, whatever the order of keys and however Postgres gives it back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it('differs for different values', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      fc.pre(JSON.stringify(sorted(a)) !== JSON.stringify(sorted(b)));
      expect(canonicalJson(a)).not.toBe(canonicalJson(b));
    }),
  );
});

it('has no text for what JSON would silently change (defect 55)', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1, 1n]) {
    expect(() => canonicalJson({ a: [value] })).toThrow(TypeError);
  }
});

const entries = (value: object, order: (keys: string[]) => string[], inner: (value: unknown) => unknown) =>
  Object.fromEntries(order(Object.keys(value)).map((key) => [key, inner((value as Record<string, unknown>)[key])]));
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  return value !== null && typeof value === 'object' ? entries(value, (keys) => keys.toReversed(), reversed) : value;
}
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  return value !== null && typeof value === 'object' ? entries(value, (keys) => keys.toSorted(), sorted) : value;
}
