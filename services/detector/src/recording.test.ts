import { inflateRawSync } from 'node:zlib';
import { moveClock, only } from '@nightshift/db';
import type { Metrics } from '@nightshift/runtime';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { decodeBatch, type Batch } from '@nightshift/types';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ground, healthyValue, type Ground } from './detector.fixture.ts';
import { detectorMetrics } from './metrics.ts';
import { startRecording } from './recording.ts';

let database: TestDatabase;
let shop: Ground;
beforeAll(async () => {
  database = await testDatabase();
  shop = await ground(database);
  await shop.db.query('INSERT INTO shard (shard, epoch) VALUES (0, 7), (1, 7)');
});
afterAll(() => shop.close());
beforeEach(async () => {
  await shop.db.query('DELETE FROM recorded_samples');
});

async function recorded(): Promise<{ id: number; at: number; value: number }[]> {
  const rows = await shop.db.query<{ batch: Buffer }>('SELECT batch FROM recorded_samples ORDER BY id');
  return rows.flatMap((row) => {
    const { seriesIds, timestamps, values } = decodeBatch(inflateRawSync(row.batch).toString('base64'));
    return Array.from(seriesIds, (id, i) => ({ id, at: timestamps[i]!, value: values[i]! }));
  });
}

function batchOf(count: number, seed = 0): Batch {
  return {
    seriesIds: Uint32Array.from({ length: count }, (_, i) => i + 1),
    timestamps: new Float64Array(count).fill(1_700_000_000_000 + seed),
    // Noise, so that it does not pack to nothing.
    values: Float64Array.from({ length: count }, (_, i) => Math.sin((i + 1) * (seed + 1) * 12.9898) * 43_758.5453),
  };
}

const metrics = detectorMetrics({ registry: new Registry() } as Metrics, { series: 1, bytes: 1 });
const lost = async () =>
  (await metrics.recorded.get()).values.find(({ labels }) => labels.outcome === 'lost')?.value ?? 0;
const limits = { hours: 24, bytes: 1e9, shardCount: 1 };
/** A recording of shard 0 by its present owner, or by the one before. */
async function recording({ stale = false, ...more }: Partial<typeof limits> & { stale?: boolean } = {}) {
  const rows = await shop.db.query<{ epoch: number }>('SELECT epoch FROM shard WHERE shard = 0');
  const fence = { shard: 0, epoch: only(rows).epoch - Number(stale) };
  return startRecording({ db: shop.db, metrics }, fence, { ...limits, ...more });
}

test('what a detector judged is there when it has stopped, sample by sample, in order', async () => {
  const detector = await shop.detector();
  const ids = [await shop.series('kept', 'latency_ms', 0), await shop.series('kept', 'error_rate', 1)];
  const at = await shop.now();
  const sent = Array.from({ length: 50 }, (_, i) =>
    ids.map((id) => ({ id, at: at - 200_000 + i * 2_000, value: healthyValue(i) })),
  );
  for (const samples of sent) await shop.send(samples);
  await eventually(async () => expect(await shop.drained()).toBe(true));
  await detector.close();
  const kept = await recorded();
  for (const id of ids)
    expect(kept.filter((sample) => sample.id === id)).toEqual(sent.flat().filter((sample) => sample.id === id));
});

test('who does not own the shard any more writes nothing', async () => {
  const late = await recording({ stale: true });
  late.keep(batchOf(10));
  await late.write(true);
  expect(await recorded()).toEqual([]);
  const owner = await recording();
  owner.keep(batchOf(10));
  await owner.write(true);
  expect(await recorded()).toHaveLength(10);
});

test('few samples wait to be written together; switched off, nothing is kept and what there was goes', async () => {
  const own = await recording();
  own.keep(batchOf(10));
  await own.write();
  expect(await recorded()).toEqual([]);
  own.keep(batchOf(50_000, 1));
  await own.write();
  expect(await shop.db.query('SELECT samples FROM recorded_samples')).toEqual([{ samples: 50_010 }]);
  const off = await recording({ hours: 0 });
  off.keep(batchOf(60_000, 2));
  await off.write(true);
  expect(await recorded()).toEqual([]);
});

test('a database that refuses costs the recording and nothing else; memory is bounded', async () => {
  const own = await recording();
  await shop.db.query('ALTER TABLE recorded_samples RENAME TO elsewhere');
  own.keep(batchOf(10));
  await expect(own.write(true)).rejects.toThrow('recorded_samples');
  await shop.db.query('ALTER TABLE elsewhere RENAME TO recorded_samples');
  const before = await lost();
  for (let i = 0; i < 6; i++) own.keep(batchOf(40_000, i));
  expect((await lost()) - before).toBe(40_000);
});

test('the oldest go when there is too much, by bytes and by age', async () => {
  const write = async (bytes: number, seed: number) => {
    const own = await recording({ bytes });
    own.keep(batchOf(1_000, seed));
    await own.write(true);
    return own;
  };
  for (let seed = 0; seed < 4; seed++) await write(1e9, seed);
  const { bytes } = only(await shop.db.query<{ bytes: number }>('SELECT max(bytes) AS bytes FROM recorded_samples'));
  await write(2.5 * bytes, 4);
  const left = () =>
    shop.db.query<{ seeds: number[] }>('SELECT array_agg(samples ORDER BY id) AS seeds FROM recorded_samples');
  expect((await left())[0]!.seeds).toHaveLength(2);
  expect((await recorded()).at(-1)!.at).toBe(1_700_000_000_004);
  await moveClock(shop.db, 25 * 3_600_000);
  await write(1e9, 5);
  expect((await left())[0]!.seeds).toHaveLength(1);
});
