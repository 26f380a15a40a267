import { describe, expect, it } from 'vitest';
import { demotionDue, evidenceInWords, promotionProposed, successInterval } from './evidence.ts';

const evidence = (succeeded: number, failed = 0, more = {}) => ({
  succeeded,
  failed,
  failedInARow: 0,
  observed: 0,
  ...more,
});

describe('the interval of a success rate', () => {
  // Values of the Wilson interval without continuity correction (Newcombe, Statistics in Medicine 17, 1998, table I, method 3).
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (succeeded, n, low, high) => {
    const interval = successInterval({ succeeded, failed: n - succeeded });
    expect(interval.low).toBeCloseTo(low, 3);
    expect(interval.high).toBeCloseTo(high, 3);
  });

  it('says nothing without a use', () =>
    expect(successInterval({ succeeded: 0, failed: 0 })).toEqual({ low: 0, high: 1 }));
});

describe('what evidence speaks for', () => {
  it('asking people, after it was seen three times; acting alone, where the rate is surely above 70% and the last use worked', () => {
    expect(promotionProposed('observe', evidence(0, 0, { observed: 2 }))).toBeNull();
    expect(promotionProposed('observe', evidence(0, 0, { observed: 3 }))).toBe('approve');
    expect([promotionProposed('approve', evidence(8)), promotionProposed('approve', evidence(9))]).toEqual([
      null,
      'auto',
    ]);
    expect([promotionProposed('approve', evidence(13, 1)), promotionProposed('approve', evidence(14, 1))]).toEqual([
      null,
      'auto',
    ]);
    expect(promotionProposed('approve', evidence(40, 1, { failedInARow: 1 }))).toBeNull();
    expect(promotionProposed('auto', evidence(100))).toBeNull();
  });

  it('less, after two failures in a row, one mode at a time', () => {
    const failing = evidence(50, 2, { failedInARow: 2 });
    expect([demotionDue('auto', failing), demotionDue('approve', failing), demotionDue('observe', failing)]).toEqual([
      'approve',
      'observe',
      null,
    ]);
    expect(demotionDue('auto', evidence(0, 9, { failedInARow: 1 }))).toBeNull();
  });

  it('in words', () =>
    expect(evidenceInWords(evidence(9))).toBe(
      '9 of 9 succeeded (95% interval of the rate: 70% to 100%), 0 times only observed',
    ));
});
