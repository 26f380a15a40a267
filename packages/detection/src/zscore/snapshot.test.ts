import { describe, expect, test } from 'vitest';
import { createDetector } from '../create.ts';
import { config as configured, feed, healthy } from '../stand-ins.ts';

const config = (rules: Record<string, unknown>[] = []) => configured(rules, { detector: 'zscore' });

function saved(series = 3) {
  const detector = createDetector(config());
  for (let id = 1; id <= series; id++) feed(detector, healthy(70, id), { series: id * 1_000_000_007 });
  return detector;
}

describe('a snapshot', () => {
  test('brings back history and size', () => {
    const detector = saved();
    const restored = createDetector(config());
    restored.restore(detector.snapshot());
    expect(restored.size).toBe(3);
    expect(restored.history(1_000_000_007)).toEqual(detector.history(1_000_000_007));
  });

  test('of nothing is a snapshot too', () => {
    const restored = saved();
    restored.restore(createDetector(config()).snapshot());
    expect(restored.size).toBe(0);
    feed(restored, healthy(40));
    expect(restored.size).toBe(1);
  });

  test('costs less than 2.4 kB a series', () => {
    expect((saved(101).snapshot().length - saved(1).snapshot().length) / 100).toBeLessThan(2_400);
  });

  test('reads from the middle of a larger buffer, as drivers hand them out', () => {
    const bytes = saved().snapshot();
    const larger = new Uint8Array(bytes.length + 7);
    larger.set(bytes, 3);
    const restored = createDetector(config());
    restored.restore(larger.subarray(3, 3 + bytes.length));
    expect(restored.snapshot()).toEqual(bytes);
  });

  test('that is foreign, cut, padded or of another version is refused, and says why', () => {
    const bytes = saved().snapshot();
    const detector = saved(1);
    const version = bytes.slice();
    version[4] = 9;
    expect(() => detector.restore(new Uint8Array(4))).toThrow('not a snapshot');
    expect(() => detector.restore(new Uint8Array(400))).toThrow('not a snapshot');
    expect(() => detector.restore(version)).toThrow('version 9');
    expect(() => detector.restore(bytes.subarray(0, 20))).toThrow('cut off');
    expect(() => detector.restore(bytes.subarray(0, -1))).toThrow(/should be \d+ bytes/);
    expect(() => detector.restore(new Uint8Array([...bytes, 0]))).toThrow(/should be \d+ bytes/);
    expect(detector.size).toBe(1);
  });
});
