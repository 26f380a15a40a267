import { readBreaches } from '@nightshift/lifecycle';
import { lookAtSeries } from '@nightshift/runtime';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ground, healthyValue, type Ground } from './detector.fixture.ts';

let shop: Ground;
beforeAll(async () => {
  shop = await ground(await testDatabase());
});
afterAll(() => shop?.close());

type Detector = Awaited<ReturnType<Ground['detector']>>;
/** A metric of a detector, over all its shards. */
async function metric({ port }: Detector, name: string): Promise<number> {
  const lines = (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).split('\n');
  const values = lines.filter((line) => line.startsWith(name)).map((line) => Number(line.split(' ').at(-1)));
  return values.reduce((sum, value) => sum + value, 0);
}
const refused = (detector: Detector) => metric(detector, 'nightshift_samples_total{outcome="memory_limit"');
const drained = () => eventually(async () => expect(await shop.drained()).toBe(true), { timeoutMs: 15_000 });
const stateOf = async (service: string) => {
  const { series } = await lookAtSeries(shop.db, { service, after: 0, limit: 50 });
  return series.map(({ state }) => state);
};

test('defect 15: series beyond the limit are refused, counted and explained; known ones go on, after a restart too', async () => {
  shop.env['DETECTOR_MAX_SERIES'] = '2';
  let detector = await shop.detector();
  const known = [await shop.series('shop', 'latency_ms', 0), await shop.series('shop', 'error_rate', 1)];
  await shop.warm(known);
  await drained();
  const late = [await shop.series('late', 'latency_ms', 0), await shop.series('late', 'latency_ms', 1)];
  await shop.warm(late);
  await drained();
  expect(await refused(detector)).toBe(80);
  expect(await metric(detector, 'nightshift_series_limit{')).toBe(2);
  await eventually(async () => expect(await stateOf('late')).toEqual(['refused', 'refused']));
  await eventually(async () => {
    const told = await readBreaches(shop.db, { service: 'late', sinceMs: 600_000 });
    expect(told).toMatchObject([{ metric: 'latency_ms', seriesId: 0, because: 'memory_limit' }]);
    expect(told[0]!.detail).toContain('holds 2 series of 2 (DETECTOR_MAX_SERIES)');
  });

  await detector.close();
  shop.env['DETECTOR_MAX_SERIES'] = '1';
  detector = await shop.detector();
  await shop.send(known.map((id) => ({ id, at: Date.now(), value: 900 })));
  await eventually(async () => expect(await shop.db.query(`SELECT 1 FROM incident`)).toHaveLength(1));
  expect(await refused(detector)).toBe(0);

  await detector.close();
  shop.env['DETECTOR_MAX_SERIES'] = '10';
  detector = await shop.detector();
  await shop.warm(late);
  await eventually(async () => expect(await stateOf('late')).toEqual(['normal', 'normal']));
  await detector.close();
});

test('beyond the limit of bytes too, however many series that are', async () => {
  Object.assign(shop.env, { DETECTOR_MAX_SERIES: '', DETECTOR_STATE_MB: '0.3' });
  const detector = await shop.detector();
  const many = await Promise.all(Array.from({ length: 200 }, () => shop.series('many', 'latency_ms', 0)));
  const at = await shop.now();
  await shop.send(many.map((id, i) => ({ id, at, value: healthyValue(i) })));
  await drained();
  const limit = await metric(detector, 'nightshift_state_limit_bytes{');
  const bytes = await eventually(async () => {
    const held = await metric(detector, 'nightshift_state_bytes{');
    expect(held).toBeGreaterThan(limit / 2);
    return held;
  });
  expect(bytes).toBeLessThanOrEqual(limit);
  expect(await refused(detector)).toBeGreaterThan(90);
  expect(await refused(detector)).toBeLessThan(160);
  await detector.close();
});

test('another number of shards than the installation has is refused at the start, with both numbers', async () => {
  shop.env['SHARD_COUNT'] = '3';
  await expect(shop.detector()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/SHARD_COUNT is 3, but .* 2 shards/) as string,
  });
  const rows = await shop.db.query<{ value: number }>(`SELECT value FROM setting WHERE key = 'shard_count'`);
  expect(rows).toEqual([{ value: 2 }]);
});
