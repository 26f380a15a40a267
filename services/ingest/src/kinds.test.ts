import { readFileSync } from 'node:fs';
import { moveClock } from '@nightshift/db';
import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { openKinds } from './kinds.ts';
import { headersV1, headersV2, requestV2, snappy, writeRequest } from './remote-write/remote-write.fixture.ts';
import { openStore } from './store.ts';
import { message, type Field } from './wire/protobuf.fixture.ts';

let database: TestDatabase;
let ingest: TestIngest;
beforeAll(async () => {
  database = await testDatabase();
  await migrateQueue(database.url);
  ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
});
afterAll(async () => {
  await ingest.close();
  await database.close();
});

const said = async (metric: string) =>
  (await database.db.query<{ kind: string }>('SELECT kind FROM metric_kind WHERE metric = $1', [metric]))[0]?.kind;

describe('what senders say that a metric is', () => {
  it('is taken from the metadata of remote write 1.0, which comes by itself', async () => {
    const metadata = (type: number, family: string): Field => [3, message([1, type], [2, family], [4, 'help'])];
    const body = writeRequest([], metadata(1, 'jobs_done'), metadata(2, 'queue_total'), metadata(3, 'wait_seconds'));
    const answer = await ingest.post('/api/v1/write', snappy(body), headersV1);
    expect(answer.status).toBe(204);
    expect([await said('jobs_done'), await said('queue_total'), await said('wait_seconds')]).toEqual([
      'counter',
      'gauge',
      'histogram',
    ]);
  });

  it('is read from what Prometheus itself sent', async () => {
    const recorded = readFileSync(new URL('remote-write/recorded/metadata.snappy', import.meta.url));
    expect((await ingest.post('/api/v1/write', recorded, headersV1)).status).toBe(204);
    expect(await said('prometheus_http_request_duration_seconds')).toBe('histogram');
    expect(await said('node_load1')).toBe('gauge');
    expect(await said('node_netstat_Tcp_InSegs')).toBe('unknown');
  });

  it('is taken from each series of 2.0', async () => {
    const series = [
      { labels: { __name__: 'ticks', service: 'clock' }, samples: [[1, Date.now()] as [number, number]] },
    ];
    expect((await ingest.post('/api/v1/write', snappy(requestV2(series)), headersV2)).status).toBe(204);
    expect(await said('ticks')).toBe('counter');
  });

  it('is taken from OTLP, under the names that its series have here', async () => {
    const at = `${Date.now()}000000`;
    const point = { timeUnixNano: at, startTimeUnixNano: '1', asInt: '5' };
    const metrics = [
      { name: 'otlp.sum', sum: { isMonotonic: true, aggregationTemporality: 2, dataPoints: [point] } },
      { name: 'otlp.open', sum: { aggregationTemporality: 2, dataPoints: [point] } },
      { name: 'otlp.delta', sum: { isMonotonic: true, aggregationTemporality: 1, dataPoints: [point] } },
      { name: 'otlp.hist', histogram: { aggregationTemporality: 2, dataPoints: [{ ...point, count: '2' }] } },
    ];
    await ingest.post('/v1/metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    expect([await said('otlp.sum_total'), await said('otlp.open'), await said('otlp.hist')]).toEqual([
      'counter',
      'gauge',
      'histogram',
    ]);
    expect(await said('otlp.delta')).toBeUndefined();
  });

  it('of two who differ, the first is believed until it has not repeated itself for an hour', async () => {
    const [one, other] = [openKinds(openStore(database.db)), openKinds(openStore(database.db))];
    await one.learn(new Map([['both', 'counter']]));
    await other.learn(new Map([['both', 'gauge']]));
    expect(await said('both')).toBe('counter');
    await moveClock(database.db, 61 * 60_000);
    await openKinds(openStore(database.db)).learn(new Map([['both', 'gauge']]));
    await moveClock(database.db, -61 * 60_000);
    expect(await said('both')).toBe('gauge');
  });

  it('does no harm where it is nonsense', async () => {
    const family = (name: string, type: number): Field => [3, message([1, type], [2, name])];
    const body = writeRequest([], family('a\0b', 1), family('', 1), family('x'.repeat(300), 1), family('odd', 99));
    expect((await ingest.post('/api/v1/write', snappy(body), headersV1)).status).toBe(204);
    expect(await said('odd')).toBeUndefined();
  });
});

it('what counts the events of one service lives in one shard; the rest lives anywhere', async () => {
  const names = ['a_total', 'b_total', 'c_seconds_bucket', 'c_seconds_count', 'd_per_second', 'jobs_done'];
  const gauges = ['g1', 'g2', 'g3', 'g4', 'g5', 'g6'];
  const at = Date.now();
  const samples = ['one', 'two', 'three'].flatMap((service) =>
    [...names, ...gauges].map((name) => ({ name, value: 1, timestamp: at, labels: { service } })),
  );
  expect((await ingest.post('/v1/samples', { samples })).status).toBe(202);
  const shards = async (service: string, of: string[]) =>
    (
      await database.db.query<{ shard: number }>(
        'SELECT DISTINCT (id % 4)::int AS shard FROM series WHERE service = $1 AND name = ANY ($2)',
        [service, of],
      )
    ).map(({ shard }) => shard);
  for (const service of ['one', 'two', 'three']) expect(await shards(service, names)).toHaveLength(1);
  const everywhere = (await Promise.all(['one', 'two', 'three'].map((service) => shards(service, gauges)))).flat();
  expect(new Set(everywhere).size).toBeGreaterThan(1);
});
