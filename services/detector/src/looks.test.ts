import { lookAtSeries, seriesByService } from '@nightshift/runtime';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';

let shop: Ground;
beforeAll(async () => {
  shop = await ground(await testDatabase(), 'schema: 1\nrules:\n  - { metric: "*", harm: up }\n');
  await shop.detector();
});
afterAll(() => shop?.close());

test(
  'who looks at series is told their last value and state, whichever shard has them, a page at a time',
  { timeout: 30_000 },
  async () => {
    const healthy = await shop.series('seen', 'latency_ms', 0);
    const sick = await shop.series('seen', 'http_error_rate', 1);
    const young = await shop.series('seen', 'young', 0);
    const unheard = await shop.series('seen', 'unheard', 1);
    await shop.series('other', 'latency_ms', 0);
    await shop.warm([healthy, sick]);
    const at = await shop.now();
    await shop.send([
      { id: sick, at, value: 500 },
      { id: young, at, value: 7 },
    ]);
    const look = (more: object = {}) => lookAtSeries(shop.db, { service: 'seen', after: 0, limit: 10, ...more });
    await eventually(
      async () => {
        const { series } = await look();
        expect(Object.fromEntries(series.map(({ name, state }) => [name, state]))).toEqual({
          latency_ms: 'normal',
          http_error_rate: 'anomalous',
          young: 'learning',
          unheard: null,
        });
      },
      { timeoutMs: 20_000 },
    );
    const { series } = await look();
    expect(series.find(({ id }) => id === sick)).toMatchObject({ value: 500, at, high: expect.any(Number) as number });
    expect(series.find(({ id }) => id === young)).toMatchObject({ value: 7, at, low: null, high: null });
    expect(series.find(({ id }) => id === unheard)).toMatchObject({ value: null, at: null });

    const ids = series.map(({ id }) => id);
    const first = await look({ limit: 3 });
    expect([first.series.map(({ id }) => id), first.next]).toEqual([ids.slice(0, 3), ids[2]]);
    expect(await look({ limit: 3, after: first.next })).toMatchObject({ series: [{ id: ids[3] }], next: null });
    expect((await look({ service: undefined, name: 'latency' })).series.map(({ service }) => service)).toEqual([
      'seen',
      'other',
    ]);
    expect((await seriesByService(shop.db)).map(({ service, series: count }) => [service, count])).toEqual([
      ['seen', 4],
      ['other', 1],
    ]);
  },
);
