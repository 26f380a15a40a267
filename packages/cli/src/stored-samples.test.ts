import { deflateRawSync } from 'node:zlib';
import { startBacktest } from '@nightshift/backtest';
import { now } from '@nightshift/db';
import { loadClassification, valueOf } from '@nightshift/runtime';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { DetectionConfig, encodeBatch, seriesKey } from '@nightshift/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedSamples } from './stored-samples.ts';

const classification = valueOf(await loadClassification('/nowhere'));
let database: TestDatabase;
let start: number;
beforeAll(async () => {
  database = await testDatabase();
  start = (await now(database.db)) - 3_600_000;
  await database.db.query('INSERT INTO shard (shard) VALUES (0)');
});
afterAll(() => database.close());

const second = 1_000;

async function series(service: string, name: string): Promise<number> {
  const rows = await database.db.query<{ id: number }>(
    'INSERT INTO series (key, name, labels, service) VALUES ($1, $2, $3, $4) RETURNING id',
    [seriesKey(name, { service }), name, { service }, service],
  );
  return rows[0]!.id;
}

/** What the detector records in ten seconds that end `after` seconds after the start. */
async function record(ids: number[], after: number): Promise<void> {
  const samples = [8, 6, 4, 2, 0].flatMap((before) => ids.map((id) => ({ id, second: after - before })));
  const batch = encodeBatch({
    seriesIds: Uint32Array.from(samples, ({ id }) => id),
    timestamps: Float64Array.from(samples, (sample) => start + sample.second * second),
    values: Float64Array.from(samples, (sample) => 100 + (sample.second % 7)),
  });
  const packed = deflateRawSync(Buffer.from(batch, 'base64'));
  await database.db.query(
    'INSERT INTO recorded_samples (shard, recorded_at, samples, bytes, batch) VALUES (0, ms($1), $2, $3, $4)',
    [start + after * second, samples.length, packed.length, packed],
  );
}

async function replayed(service: string, noData: 'alert' | 'hold') {
  const config = DetectionConfig.parse({ schema: 1, detector: 'adaptive', rules: [{ metric: 'heartbeat', noData }] });
  const backtest = startBacktest({ config, classification });
  const stored = await storedSamples(database.db, { service });
  await stored.replay(backtest, () => {});
  return backtest.result().incidents;
}

test('a series that falls silent while others go on opens where its rule says so', async () => {
  const [pulse, load] = [await series('pulse', 'heartbeat'), await series('pulse', 'load')];
  for (let after = 10; after <= 600; after += 10) await record(after <= 400 ? [pulse, load] : [load], after);
  const [incident, ...more] = await replayed('pulse', 'alert');
  expect(incident).toMatchObject({ service: 'pulse', type: 'service_down', onsetAt: start + 400 * second });
  expect(incident!.openedAt - start).toBeGreaterThan(430 * second);
  expect(incident!.openedAt - start).toBeLessThan(540 * second);
  expect(more).toEqual([]);
  expect(await replayed('pulse', 'hold')).toEqual([]);
});

test('a gap in the recording is no silence', async () => {
  const ids = [await series('gap', 'heartbeat'), await series('gap', 'load')];
  for (let after = 1_010; after <= 1_400; after += 10) await record(ids, after);
  for (let after = 2_010; after <= 2_100; after += 10) await record(ids, after);
  expect(await replayed('gap', 'alert')).toEqual([]);
});
