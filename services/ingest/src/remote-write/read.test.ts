import { readFileSync } from 'node:fs';
import { inputLimits } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { message } from '../wire/protobuf.fixture.ts';
import { declaredLength, inflate } from './inflate.ts';
import { createKnownLabels } from './known-labels.ts';
import { readWriteRequest } from './read-v1.ts';
import { readRequestV2 } from './read-v2.ts';
import { requestV2, snappy, staleMarker, writeRequest, type Sent } from './remote-write.fixture.ts';

const at = 1_732_400_000_000;
const series = (labels: Sent['labels'], change: Partial<Sent> = {}): Sent => ({
  labels,
  samples: [[1, at]],
  ...change,
});
const readV1 = (body: Buffer) => readWriteRequest(body, createKnownLabels(2));
const recorded = (name: string) => inflate(readFileSync(new URL(`recorded/${name}.snappy`, import.meta.url)));

describe("what Debian's Prometheus 2.42 sent", () => {
  it('is read: every series by its name and labels, one sample each', () => {
    const wire = readV1(recorded('scrape'));
    expect([wire.series.length, wire.values.length, wire.notFinite, wire.staleMarkers]).toEqual([500, 474, 26, 0]);
    expect(wire.series.filter(({ refusal }) => refusal)).toEqual([]);
    const bucket = wire.series.find(({ name, labels }) => name.endsWith('_bucket') && labels['le'] === '+Inf');
    expect(bucket?.labels).toMatchObject({ job: 'prometheus', instance: '127.0.0.1:29090' });
    expect(new Date(wire.timestamps[0]!).toISOString()).toBe('2026-11-23T20:58:21.366Z');
  });

  it('ends the series of an exporter that is gone, and brings `up` 0', () => {
    const wire = readV1(recorded('exporter-gone'));
    expect(wire.staleMarkers).toBe(34);
    const up = wire.series.find(({ name, labels }) => name === 'up' && labels['job'] === 'node');
    expect(up && wire.values[up.from]).toBe(0);
  });

  it('is known again by the bytes of its labels, in this order and in any other', () => {
    const known = createKnownLabels(2_000);
    const body = recorded('scrape');
    const first = readWriteRequest(body, known);
    first.series.forEach(({ key }, i) => known.put(key!, i + 1));
    const expected = first.series.flatMap(({ from, to }, i) => Array.from({ length: to - from }, () => i + 1));
    for (let again = 0; again < 3; again++) {
      const wire = readWriteRequest(body, known);
      expect([wire.series, wire.ids]).toEqual([[], expected]);
      expect([wire.values, wire.timestamps]).toEqual([first.values, first.timestamps]);
    }
    const two = (...labels: Sent['labels'][]) =>
      readWriteRequest(writeRequest(labels.map((each) => series(each))), known).ids;
    known.put(readV1(writeRequest([series({ a: '1' })])).series[0]!.key!, 7_001);
    known.put(readV1(writeRequest([series({ a: '2' })])).series[0]!.key!, 7_002);
    expect([two({ a: '1' }, { a: '2' }), two({ a: '2' }, { a: '1' }), two({ a: '1' }, { a: '1' })]).toEqual([
      [7_001, 7_002],
      [7_002, 7_001],
      [7_001, 7_001],
    ]);
    // The series that usually comes next, with one label more: another series.
    expect([two({ a: '1' }, { a: '2' }), two({ a: '1' }, { a: '2', b: '3' })]).toEqual([
      [7_001, 7_002],
      [7_001, 0],
    ]);
  });
});

describe.each([
  ['1.0', writeRequest, readV1],
  ['2.0', requestV2, readRequestV2],
] as const)('a message of remote write %s', (_version, write, read) => {
  it('gives its series, in order, with their rows', () => {
    const wire = read(
      write([
        series(
          { __name__: 'a', service: 'shop', zone: '' },
          {
            samples: [
              [1.5, at],
              [-2, at + 1],
            ],
          },
        ),
        series({ __name__: 'b', straße: '🌡' }, { samples: [[3, -5]] }),
      ]),
    );
    expect(wire.series).toMatchObject([
      { name: 'a', labels: { service: 'shop' }, from: 0, to: 2 },
      { name: 'b', labels: { straße: '🌡' }, from: 2, to: 3 },
    ]);
    expect([wire.values, wire.timestamps]).toEqual([
      [1.5, -2, 3],
      [at, at + 1, -5],
    ]);
  });

  it('keeps stale markers apart from other NaN, by their bits', () => {
    const samples: Sent['samples'] = [
      [staleMarker, at],
      [NaN, at],
      [Infinity, at],
      [1, at],
    ];
    const wire = read(write([series({ __name__: 'a' }, { samples })]));
    expect([wire.staleMarkers, wire.notFinite, wire.values]).toEqual([1, 2, [1]]);
  });

  it('counts native histograms', () => {
    expect(read(write([{ labels: { __name__: 'h' }, histograms: 3 }])).histograms).toBe(3);
  });

  it.each<[string, Sent['labels'], string]>([
    [
      'twice the same label',
      [
        ['__name__', 'a'],
        ['x', '1'],
        ['x', '2'],
      ],
      'duplicate',
    ],
    [
      'a label called __proto__',
      [
        ['__name__', 'a'],
        ['__proto__', '1'],
      ],
      'forbidden',
    ],
    ['33 labels', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`l${i}`, 'v'])), 'too_many'],
    ['5,000 labels', Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`l${i}`, 'v'])), 'too_many'],
    ['labels that are too long', { a: 'x'.repeat(1_000), b: 'x'.repeat(1_000), c: 'x'.repeat(1_000) }, 'too_long'],
  ])('refuses the one series with %s', (_name, labels, reason) => {
    const wire = read(write([series(labels), series({ __name__: 'good' })]));
    expect(wire.series.map(({ refusal }) => refusal?.reason)).toEqual([reason, undefined]);
  });

  it('stops at the limit of samples', () => {
    const samples: Sent['samples'] = Array.from({ length: inputLimits.samplesPerRequest + 1 }, () => [1, at]);
    expect(() => read(write([series({ __name__: 'a' }, { samples })]))).toThrow(/more than 10000 samples/);
  });

  it('refuses to be cut anywhere inside a field', () => {
    const body = write([series({ __name__: 'a' })]);
    const whole = (cut: number) => {
      try {
        return read(body.subarray(0, cut)).values.length;
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    for (let cut = 1; cut < body.length; cut++) expect(['BODY_INVALID', 0, 1]).toContain(whole(cut));
    expect(whole(body.length - 1)).toBe('BODY_INVALID');
  });
});

describe('remote write 1.0', () => {
  it('takes labels wherever they stand among the fields of their series', () => {
    const label = (name: string, value: string) => message([1, name], [2, value]);
    const sample = message([1, { double: 7 }], [2, at]);
    const body = message(
      [1, message([1, label('__name__', 'a')], [2, sample], [99, 'new'], [1, label('x', '1')])],
      [98, 'of a later version'],
    );
    expect(readV1(body).series).toMatchObject([{ name: 'a', labels: { x: '1' }, key: undefined, to: 1 }]);
  });

  it('refuses labels that are not UTF-8, so that two of them cannot become one', () => {
    const body = message([
      1,
      message([1, message([1, '__name__'], [2, 'a'])], [1, message([1, 'x'], [2, Buffer.of(0xff)])]),
    ]);
    expect(readV1(body).series[0]!.refusal?.reason).toBe('bad_characters');
    expect(readV1(writeRequest([series({ __name__: 'a', x: '\uFFFD' })])).series[0]!.refusal).toBeUndefined();
  });
});

describe('remote write 2.0', () => {
  it('takes references one by one as well as packed', () => {
    const body = message(
      [4, ''],
      [4, '__name__'],
      [4, 'a'],
      [5, message([1, 1], [1, 2], [2, message([1, { double: 1 }])])],
    );
    expect(readRequestV2(body).series).toMatchObject([{ name: 'a' }]);
  });

  it.each([
    ['a first symbol', message([4, 'x']), /first symbol/],
    ['a reference to no symbol', message([4, ''], [5, message([1, 7])]), /no symbol 7/],
    ['a label without a value', message([4, ''], [5, message([1, 0])]), /no value/],
    ['hundreds of thousands of symbols', Buffer.alloc(2_000_000, message([4, ''])), /more than 66000 symbols/],
  ])('refuses %s', (_name, body, why) => {
    expect(() => readRequestV2(body)).toThrow(why);
  });
});

describe('inflating', () => {
  const declaring = (length: number, bytes = 0) => {
    const head: number[] = [];
    for (let rest = length; ; rest = Math.floor(rest / 128)) {
      head.push((rest % 128) + (rest >= 128 ? 128 : 0));
      if (rest < 128) break;
    }
    return Buffer.concat([Buffer.from(head), Buffer.alloc(bytes)]);
  };

  it.each([
    ['4 GiB', declaring(2 ** 32 - 1), 'BODY_TOO_LARGE'],
    ['a byte more than a body may have', declaring(inputLimits.bodyBytes + 1, inputLimits.bodyBytes), 'BODY_TOO_LARGE'],
    ['more than its bytes can become', declaring(8_000_000, 1_000), 'BODY_INVALID'],
    ['a length without an end', Buffer.alloc(6, 0xff), 'BODY_INVALID'],
    ['nothing', Buffer.alloc(0), 'BODY_INVALID'],
  ])('does not begin when %s is declared', (_name, block, code) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => declaredLength(block)).toThrow(expect.objectContaining({ code }) as Error);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });

  it('takes the best that snappy can do', () => {
    const best = snappy(Buffer.alloc(inputLimits.bodyBytes));
    expect(declaredLength(best)).toBe(inputLimits.bodyBytes);
    expect(inflate(best)).toHaveLength(inputLimits.bodyBytes);
  });

  it('refuses what is no snappy, and what becomes shorter or longer than it said', () => {
    expect(() => inflate(Buffer.from('not snappy'))).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID' }) as Error,
    );
    const lying = snappy(Buffer.from('hello'));
    lying[0] = 4;
    expect(() => inflate(lying)).toThrow(/not a snappy block/);
  });
});
