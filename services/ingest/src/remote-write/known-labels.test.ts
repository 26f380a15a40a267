import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKnownLabels } from './known-labels.ts';

const find = (known: ReturnType<typeof createKnownLabels>, bytes: Uint8Array) =>
  known.find(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);

describe('labels that are known by their bytes', () => {
  it('never give another id than was put, and never more than they may', () => {
    // Few bytes of few values: one is often the beginning of another, or the same but for its end.
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 9, max: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.array(fc.tuple(bytes, fc.boolean())), (max, steps) => {
        const known = createKnownLabels(max);
        const ids = new Map<string, number>();
        for (const [labels, write] of steps) {
          const key = labels.join();
          if (!write) expect([ids.get(key), 0]).toContain(find(known, labels));
          else if (find(known, labels) === 0) {
            ids.set(key, ids.get(key) ?? ids.size + 1);
            known.put(labels, ids.get(key)!);
            expect(find(known, labels)).toBe(ids.get(key));
          }
          expect(known.size()).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('are kept while they are asked for', () => {
    const known = createKnownLabels(10);
    const labels = (i: number) => Buffer.from(`series ${i}`);
    known.put(labels(0), 1);
    for (let i = 1; i < 100; i++) {
      known.put(labels(i), i + 1);
      expect(find(known, labels(0))).toBe(1);
    }
    expect(find(known, labels(1))).toBe(0);
  });

  it('are looked for in the bytes given alone, wherever they stand', () => {
    const known = createKnownLabels(10);
    const body = Buffer.from('xxabcdefgxx');
    known.put(body.subarray(2, 9), 5);
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    expect([known.find(view, 2, 9), known.find(view, 1, 9), known.find(view, 2, 8)]).toEqual([5, 0, 0]);
    expect([known.follow(view, 2, 9), known.follow(view, 2, 8)]).toEqual([0, 0]); // nothing has come twice yet
    known.find(view, 2, 9);
    expect([known.follow(view, 2, 8), known.follow(view, 2, 11), known.followedId()]).toEqual([0, 7, 5]);
  });

  it('too long to be kept are not kept', () => {
    const known = createKnownLabels(2);
    const long = Buffer.alloc(100_000, 'x');
    known.put(long, 1);
    expect([find(known, long), known.size()]).toEqual([0, 0]);
  });
});
