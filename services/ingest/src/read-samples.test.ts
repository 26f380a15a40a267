import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { NightshiftError, seriesKey } from '@nightshift/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSamples } from './read-samples.ts';
import { openSeriesRegistry } from './series.ts';
import { labelledService } from './service-of.ts';
import { openStore, type Store } from './store.ts';

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await testDatabase();
  store = openStore(database.db);
});
afterAll(() => database.close());

const at = 1_732_400_000_000;
const many = {
  name: 'many',
  maxSeries: 1_000_000,
  labelsPerSample: 32,
  lookUp: () => {},
  pay: () => true,
  tooFast: () => new NightshiftError('TOKEN_LIMITED', 'too fast'),
};
const openRegistry = (given: { maxSeries?: number; cached?: number; store?: Store } = {}) =>
  openSeriesRegistry(
    given.store ?? store,
    { maxSeries: given.maxSeries ?? 1_000_000, cachedSteps: given.cached ?? 1_000 },
    labelledService,
    { shards: 4, kinds: { of: (metric) => (metric === 'requests' ? 'counter' : undefined) } },
  );
const registryOf = async (given: Parameters<typeof openRegistry>[0] = {}) =>
  (await openRegistry(given)).of({ ...many, sender: 1 });
const sample = (name: string, labels?: object, value: unknown = 1) => ({ name, value, timestamp: at, labels });
const row = async (id: number) =>
  (
    await database.db.query<{ key: string; name: string; labels: object; service: string }>(
      'SELECT key, name, labels, service FROM series WHERE id = $1',
      [id],
    )
  )[0];
const seriesTotal = async () => (await database.db.query<{ n: number }>('SELECT count(*) AS n FROM series'))[0]!.n;

describe('samples become rows of registered series', () => {
  it('under one id whatever the order of the labels, in one process and in another', async () => {
    const registry = await registryOf();
    const one = await readSamples(
      [sample('order', { a: '1', b: '2' }), sample('order', { b: '2', a: '1' })],
      at,
      registry,
    );
    const other = await readSamples([sample('order', { b: '2', a: '1' })], at, await registryOf());
    expect(new Set([...one.batch.seriesIds, ...other.batch.seriesIds]).size).toBe(1);
  });

  it('with name, labels and service as they came', async () => {
    const labels = { service: 'shop-api', zone: 'ü "quoted" \\ 🌡', constructor: 'x' };
    const { batch } = await readSamples([sample('as it came', labels), sample('nobody’s')], at, await registryOf());
    expect(await row(batch.seriesIds[0]!)).toEqual({
      key: seriesKey('as it came', labels),
      name: 'as it came',
      labels,
      service: 'shop-api',
    });
    expect(await row(batch.seriesIds[1]!)).toMatchObject({ labels: {}, service: 'unknown' });
  });

  it('the good ones in the order sent, the bad ones by index', async () => {
    const sent = [
      sample('mix', {}, 1),
      sample('mix', {}, 'NaN'),
      sample('mix', { zone: 'b' }, 3),
      null,
      sample('mix', {}, 5),
    ];
    const { batch, count, refused } = await readSamples(sent, at, await registryOf());
    expect([...batch.values.subarray(0, count)]).toEqual([1, 3, 5]);
    expect(refused.map(({ index, reason }) => [index, reason])).toEqual([
      [1, 'not_finite'],
      [3, 'not_an_object'],
    ]);
  });

  it('as much when their series are known as when they are new', async () => {
    const odd = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constant('x'));
    const labels = fc.oneof(
      { arbitrary: fc.dictionary(fc.constantFrom('a', 'b', '0', '__proto__'), fc.constantFrom('x', 'y')), weight: 9 },
      odd,
    );
    const any = fc.record({
      name: fc.oneof(fc.constantFrom('m', 'n'), odd),
      value: fc.oneof(fc.double({ noNaN: true }), odd),
      timestamp: fc.constantFrom(at, at, at, 0, null),
      labels,
    });
    const registry = await registryOf();
    const plain = ({ batch, count, refused }: Awaited<ReturnType<typeof readSamples>>) => ({
      ids: [...batch.seriesIds.subarray(0, count)],
      values: [...batch.values.subarray(0, count)],
      refused,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(any, { maxLength: 20 }), async (samples) => {
        const wire = JSON.parse(JSON.stringify(samples)) as unknown[];
        const cold = plain(await readSamples(wire, at, await registryOf()));
        const warming = plain(await readSamples(wire, at, registry));
        expect(warming).toEqual(cold);
        expect(plain(await readSamples(wire, at, registry))).toEqual(cold);
      }),
      { numRuns: 100 },
    );
  });

  it('known ones are not mistaken for others that are no labels', async () => {
    const registry = await registryOf();
    await readSamples([sample('alike', { 0: 'a' }), sample('alike', { a: '1' })], at, registry);
    const { count, refused } = await readSamples([sample('alike', ['a']), sample('alike', { a: 1 })], at, registry);
    expect([count, ...refused.map(({ reason }) => reason)]).toEqual([0, 'not_an_object', 'not_a_string']);
  });
});

describe('the registry', () => {
  it('gives one id to a series that many requests and processes bring at the same time', async () => {
    const registries = await Promise.all([registryOf(), registryOf(), registryOf()]);
    const samples = Array.from({ length: 200 }, (_, i) => sample('at once', { i: `${i}` }));
    const before = await seriesTotal();
    const runs = registries.flatMap((registry) =>
      [samples, samples.toReversed()].map((each) => readSamples(each, at, registry)),
    );
    const ids = (await Promise.all(runs)).map(({ batch }, i) => [
      ...(i % 2 ? batch.seriesIds.toReversed() : batch.seriesIds),
    ]);
    for (const each of ids) expect(each).toEqual(ids[0]);
    expect(new Set(ids[0]).size).toBe(200);
    expect((await seriesTotal()) - before).toBe(200);
  });

  it('refuses new series beyond the limit, by index, while known ones go on', async () => {
    const before = await seriesTotal();
    const registry = await registryOf({ maxSeries: before + 2 });
    const sent = ['one', 'two', 'three', 'one'].map((zone) => sample('limit', { zone }));
    const first = await readSamples(sent, at, registry);
    expect([first.count, first.refused.length]).toEqual([first.count === 3 ? 3 : 2, 4 - first.count]);
    expect(await seriesTotal()).toBe(before + 2);
    const again = await readSamples(sent, at, registry);
    expect(again.refused).toEqual(first.refused);
    expect(again.refused[0]).toMatchObject({ reason: 'series_limit', field: 'labels' });
    expect(again.batch.seriesIds.subarray(0, again.count)).toEqual(first.batch.seriesIds.subarray(0, first.count));
    expect(await seriesTotal()).toBe(before + 2);
  });

  it('does not ask Postgres about a refused series each time', async () => {
    let queries = 0;
    const counting = { ...store, findSeries: (keys: string[]) => ((queries += 1), store.findSeries(keys)) };
    const registry = await registryOf({ maxSeries: 1, store: counting });
    for (let i = 0; i < 5; i++) await readSamples([sample('refused', { zone: 'x' })], at, registry);
    expect(queries).toBe(1);
  });

  it('registers what a sender may just now, rejects the rest of its request alone, and gets further when it comes again', async () => {
    const registry = await openRegistry();
    let left = 3;
    const slow = registry.of({ ...many, sender: 7, pay: () => left-- > 0 });
    const samples = Array.from({ length: 5 }, (_, i) => sample('fast', { i: `${i}` }));
    const before = await seriesTotal();
    const [first, neighbour] = await Promise.allSettled([
      readSamples(samples, at, slow),
      readSamples([sample('calm')], at, registry.of({ ...many, sender: 8 })),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: { code: 'TOKEN_LIMITED' } });
    expect(neighbour).toMatchObject({ status: 'fulfilled', value: { count: 1 } });
    expect((await seriesTotal()) - before).toBe(4);
    left = 2;
    expect((await readSamples(samples, at, slow)).count).toBe(5);
  });

  it('finds again what the bounded cache forgot', async () => {
    const registry = await registryOf({ cached: 4 });
    const samples = Array.from({ length: 50 }, (_, i) => sample('forgotten', { i: `${i}` }));
    const first = await readSamples(samples, at, registry);
    expect(registry.recent.size()).toBeLessThanOrEqual(4 + 2);
    expect((await readSamples(samples, at, registry)).batch.seriesIds).toEqual(first.batch.seriesIds);
  });

  it('says that the database is away, and works when it is back', async () => {
    let up = false;
    const flaky: Store = {
      ...store,
      findSeries: (keys) => (up ? store.findSeries(keys) : Promise.reject(new Error('away'))),
    };
    const registry = await registryOf({ store: flaky });
    await expect(readSamples([sample('flaky')], at, registry)).rejects.toThrow('away');
    up = true;
    await eventually(async () => expect((await readSamples([sample('flaky')], at, registry)).count).toBe(1));
  });

  it('takes the largest labels that may be', async () => {
    const noise = (chars: number) =>
      Array.from({ length: chars }, (_, i) => String.fromCharCode(33 + ((i * 7919) % 90)))
        .join('')
        .replaceAll(/["\\]/g, 'q');
    const labels = { a: noise(1_024), b: noise(1_024), c: noise(300) };
    expect((await readSamples([sample('largest', labels)], at, await registryOf())).refused).toEqual([]);
  });
});
