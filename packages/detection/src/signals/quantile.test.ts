import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketQuantile } from './quantile.ts';

const bounds = [0.1, 0.5, 1, Infinity];

describe('bucketQuantile', () => {
  it.each([
    ['linear within its bucket', 0.5, bounds, [10, 30, 40, 40], 0.3],
    ['from 0 in the lowest bucket', 0.1, bounds, [10, 10, 10, 10], 0.01],
    ['the highest finite bound beyond it', 0.99, bounds, [1, 1, 1, 100], 1],
    ['the lowest bound where that is not above 0', 0.1, [-5, 1, Infinity], [10, 20, 20], -5],
    ['nothing without observations', 0.5, bounds, [0, 0, 0, 0], NaN],
    ['nothing without +Inf', 0.5, [0.1, 0.5], [1, 2], NaN],
    ['nothing of one bucket', 0.5, [Infinity], [5], NaN],
    ['a lower count as the one before it', 0.95, bounds, [10, 8, 20, 19], 0.95],
  ])('is %s', (_what, q, given, counts, want) => {
    const got = bucketQuantile(q, given, counts);
    if (Number.isNaN(want)) expect(got).toBeNaN();
    else expect(got).toBeCloseTo(want, 12);
  });

  it('lies in the bucket that holds the observation of that rank, for any observations', () => {
    const observation = fc.double({ min: 0.001, max: 3, noNaN: true });
    const property = (observed: number[], q: number) => {
      const counts = bounds.map((bound) => observed.filter((each) => each <= bound).length);
      const got = bucketQuantile(q, bounds, counts);
      const sorted = observed.toSorted((a, b) => a - b);
      // The reference: the smallest observation that at least q of all do not exceed.
      const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
      const bucket = bounds.findIndex((bound) => exact <= bound);
      const [low, high] = [bounds[bucket - 1] ?? 0, Math.min(bounds[bucket]!, 1)];
      expect(got).toBeGreaterThanOrEqual(Math.min(low, 1) - 1e-12);
      expect(got).toBeLessThanOrEqual(high + 1e-12);
    };
    fc.assert(
      fc.property(
        fc.array(observation, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        property,
      ),
    );
  });
});
