import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBatch, encodeBatch, type Batch } from './index.ts';

const row = fc.record({
  seriesId: fc.nat({ max: 2 ** 32 - 1 }),
  timestamp: fc.integer({ min: 0, max: 8.64e15 }),
  value: fc.double({ noNaN: true }),
});

function batchOf(rows: { seriesId: number; timestamp: number; value: number }[]): Batch {
  return {
    seriesIds: Uint32Array.from(rows, (r) => r.seriesId),
    timestamps: Float64Array.from(rows, (r) => r.timestamp),
    values: Float64Array.from(rows, (r) => r.value),
  };
}

describe('a packed batch', () => {
  it('comes back bit for bit', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), (rows) => {
        const batch = batchOf(rows);
        expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
      }),
    );
  });

  it('survives JSON, as a job does, infinities and -0 included', () => {
    const batch = batchOf(
      [Infinity, -Infinity, -0, Number.MIN_VALUE].map((value) => ({ seriesId: 1, timestamp: 2, value })),
    );
    const job = JSON.parse(JSON.stringify({ batch: encodeBatch(batch) })) as { batch: string };
    expect(decodeBatch(job.batch)).toEqual(batch);
  });

  it('packs only as many rows as it is told to', () => {
    const batch = batchOf([1, 2, 3].map((n) => ({ seriesId: n, timestamp: n, value: n })));
    expect([...decodeBatch(encodeBatch(batch, 2)).seriesIds]).toEqual([1, 2]);
  });

  it('costs 20 bytes a sample before base64', () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => ({ seriesId: i, timestamp: i, value: i }));
    expect(Buffer.from(encodeBatch(batchOf(rows)), 'base64')).toHaveLength(8 + 1_000 * 20);
  });

  it('is little-endian on the wire: this very text stays readable', () => {
    const batch = decodeBatch('AQBTTgEAAAAHAAAAAACA6jM0eUIAAAAAAADgPw==');
    expect([batch.seriesIds[0], batch.timestamps[0], batch.values[0]]).toEqual([7, 1_732_000_000_000, 0.5]);
  });

  it.each([
    ['empty', '', /not a packed sample batch/],
    ['of something else', Buffer.from('hello, this is no batch').toString('base64'), /not a packed sample batch/],
    ['cut', cut(-1), /should be 28 bytes, is 27/],
    ['padded', cut(1), /should be 28 bytes, is 29/],
    ['of a later version', Buffer.from([2, 0, 0x53, 0x4e, 0, 0, 0, 0]).toString('base64'), /version 1/],
    [
      'short, yet claims four billion rows',
      Buffer.from([1, 0, 0x53, 0x4e, 255, 255, 255, 255]).toString('base64'),
      /should be/,
    ],
  ])('that is %s is refused', (_name, text, message) => {
    expect(() => decodeBatch(text)).toThrow(message);
  });
});

function cut(by: number): string {
  const whole = Buffer.from(encodeBatch(batchOf([{ seriesId: 1, timestamp: 2, value: 3 }])), 'base64');
  return (by < 0 ? whole.subarray(0, by) : Buffer.concat([whole, Buffer.alloc(by)])).toString('base64');
}
