import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusalOf, windowAt, type CheckedSample } from './check.ts';
import { createKnownSamples } from './known-samples.ts';

const at = 1_732_400_000_000;
const window = windowAt(at);

const text = fc.oneof(
  fc.constantFrom('a', 'b', 'value', 'timestamp', 'name', 'ü "quoted" \\ 🌡', '},{', '-1', '0'),
  fc.string(),
);
const sample = fc.record(
  {
    name: fc.constantFrom('requests', 'latency "p95"', 'ü'),
    value: fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    timestamp: fc.integer({ min: window.oldest, max: window.newest }),
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    unit: text,
  },
  { requiredKeys: ['name', 'value', 'timestamp'] },
);
/** A sender's own way to write: the order of properties, and space between them. */
const style = fc.record({ reversed: fc.boolean(), indent: fc.constantFrom(0, 1, '\t') });
type Style = { reversed: boolean; indent: number | string };

const written = (samples: object[], { reversed, indent }: Style) => {
  const ordered = samples.map((each) => (reversed ? Object.fromEntries(Object.entries(each).toReversed()) : each));
  return Buffer.from(JSON.stringify({ samples: ordered }, null, indent));
};

/** The rows of a body that is parsed; undefined where something in it is not as it should be. */
function parsed(body: Buffer, ids: Map<string, number>) {
  let samples: unknown;
  try {
    samples = (JSON.parse(body.toString('utf8')) as { samples?: unknown }).samples;
  } catch {
    return undefined;
  }
  if (!Array.isArray(samples) || samples.some((each) => refusalOf(each, window))) return undefined;
  const good = samples as CheckedSample[];
  return good.map((each) => [idOf(each, ids), each.timestamp, each.value]);
}

function idOf({ name, labels }: CheckedSample, ids: Map<string, number>): number {
  const key = JSON.stringify([name, Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))]);
  if (!ids.has(key)) ids.set(key, ids.size + 1);
  return ids.get(key)!;
}

function read(known: ReturnType<typeof createKnownSamples>, body: Buffer) {
  const found = known.read(body, window);
  if (!found) return undefined;
  const { seriesIds, timestamps, values } = found.batch;
  return Array.from({ length: found.count }, (_, i) => [seriesIds[i]!, timestamps[i]!, values[i]!]);
}

describe('samples that are known by their text', () => {
  it('are those that parsing the body gives, whatever its sender writes and however', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 6 }), style, fc.array(sample), (sent, how, numbers) => {
        const known = createKnownSamples(100);
        const ids = new Map<string, number>();
        const learn = (body: Buffer) => {
          const rows = parsed(body, ids);
          if (rows) {
            const { samples } = JSON.parse(body.toString()) as { samples: unknown[] };
            known.learn(
              body,
              samples,
              rows.map(([id]) => id!),
            );
          }
          return rows;
        };
        const first = written(sent, how);
        const rows = learn(first);
        expect(read(known, first)).toEqual(rows);
        // The same series with other numbers, in another order.
        const next = sent.toReversed().map((each, i) => ({ ...each, value: numbers[i]?.value ?? 1e-7 }));
        const later = written(next, how);
        if (rows) expect(read(known, later)).toEqual(parsed(later, ids));
      }),
    );
  });

  it('a body with a byte changed is read as it is parsed, or left to be parsed', () => {
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 4 }),
        style,
        fc.nat(),
        fc.nat(255),
        (sent, how, place, byte) => {
          const body = written(sent, how);
          const ids = new Map<string, number>();
          const rows = parsed(body, ids);
          fc.pre(rows !== undefined);
          const known = createKnownSamples(100);
          known.learn(
            body,
            sent,
            rows!.map(([id]) => id!),
          );
          body[place % body.length] = byte;
          const found = read(known, body);
          if (found) expect(found).toEqual(parsed(body, ids));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['a leading zero', '01'],
    ['a plus', '+1'],
    ['nothing before the point', '.5'],
    ['nothing behind it', '1.'],
    ['no power', '1e'],
    ['hexadecimal', '0x10'],
    ['a word', 'NaN'],
    ['a text', '"1"'],
    ['too large', '1e999'],
    ['nothing', ''],
  ])('a number with %s is left to the parser', (_what, value) => {
    const known = createKnownSamples(100);
    const body = (number: string) => Buffer.from(`{"samples":[{"name":"a","value":${number},"timestamp":${at}}]}`);
    known.learn(body('1'), [{ name: 'a', value: 1, timestamp: at }], [7]);
    expect(read(known, body('-1.5e-3'))).toEqual([[7, at, -1.5e-3]]);
    expect(known.read(body(value), window)).toBeUndefined();
  });

  it('times outside the window, what stands beside the list and what is not learned are left to the parser', () => {
    const known = createKnownSamples(100);
    const one = (timestamp: number) => `{"name":"a","timestamp":${timestamp},"value":1}`;
    known.learn(Buffer.from(`{"samples":[${one(at)}]}`), [JSON.parse(one(at))], [7]);
    const isRead = (body: string) => known.read(Buffer.from(body), window) !== undefined;
    expect(isRead(` { "samples" : [ ${one(at)} , ${one(at + 1)} ] } `)).toBe(true);
    expect(isRead(`{"samples":[${one(window.oldest - 1)}]}`)).toBe(false);
    expect(isRead(`{"samples":[${one(window.newest + 1)}]}`)).toBe(false);
    expect(isRead(`{"samples":[${one(at)}],"more":1}`)).toBe(false);
    expect(isRead(`{"samples":[${one(at)},]}`)).toBe(false);
    expect(isRead(`{"samples":[${one(at)}${one(at)}]}`)).toBe(false);
    expect(isRead(`{"samples":[${one(at)}]}x`)).toBe(false);
    expect(isRead(`{"samples":[]}`)).toBe(false);
  });

  it('what says its number twice is not learned', () => {
    const known = createKnownSamples(100);
    const body = Buffer.from(`{"samples":[{"name":"a","value":1,"timestamp":${at},"value":2}]}`);
    known.learn(body, [{ name: 'a', value: 2, timestamp: at }], [7]);
    expect(known.read(body, window)).toBeUndefined();
  });
});
