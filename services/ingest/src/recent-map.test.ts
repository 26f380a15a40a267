import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRecentMap } from './recent-map.ts';

it('never holds more than it may, and never a wrong value', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 9 }), fc.array(fc.tuple(fc.nat({ max: 12 }), fc.boolean())), (max, steps) => {
      const map = createRecentMap<number>(max);
      for (const [n, write] of steps) {
        if (write) map.set(`k${n}`, n);
        expect([n, undefined]).toContain(map.get(`k${n}`));
        expect(map.size).toBeLessThanOrEqual(max);
      }
    }),
  );
});

it('keeps what is asked for, forgets what is not', () => {
  const map = createRecentMap<number>(10);
  map.set('asked', 1);
  map.set('not asked', 2);
  for (let i = 0; i < 100; i++) {
    map.set(`new ${i}`, i);
    map.get('asked');
  }
  expect(map.get('asked')).toBe(1);
  expect(map.get('not asked')).toBeUndefined();
});
