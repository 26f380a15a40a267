import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { followShape, kindOfShape, type Shape } from './shape.ts';

function kindOf(values: number[]): string {
  let shape: Shape | undefined;
  values.forEach((value, i) => (shape = followShape(shape, i, value)));
  return shape ? kindOfShape(shape) : 'none';
}
const ramp = (length: number) => Array.from({ length }, (_, i) => i * 3);

describe('defect 10: counters treated as gauges, where their sender says that it does not know', () => {
  it('what only rises counts, once it has risen twenty times; resets are allowed', () => {
    expect(kindOf(ramp(20))).toBe('gauge');
    expect(kindOf(ramp(21))).toBe('counter');
    expect(kindOf([...ramp(40), ...ramp(40)])).toBe('counter');
    expect(kindOf(Array.from({ length: 100 }, () => 5))).toBe('gauge');
  });

  it('what falls now and then is a gauge, whenever that shows', () => {
    expect(kindOf(Array.from({ length: 100 }, (_, i) => Math.sin(i)))).toBe('gauge');
    expect(kindOf([...ramp(100), ...ramp(20).reverse()])).toBe('gauge');
  });

  it('a sample that comes again changes nothing', () => {
    const property = (values: number[]) => {
      let shape: Shape | undefined;
      values.forEach((value, i) => (shape = followShape(shape, i, value)));
      const before = { ...shape };
      values.forEach((value, i) => (shape = followShape(shape, i, value)));
      expect(shape ?? {}).toEqual(before);
    };
    fc.assert(fc.property(fc.array(fc.integer(), { maxLength: 50 }), property));
  });
});
