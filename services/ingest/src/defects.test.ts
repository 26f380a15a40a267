import { gzipSync } from 'node:zlib';
import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { createToken } from '@nightshift/runtime';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { decodeBatch, inputLimits } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { headersV1, headersV2, snappy, writeRequest, type Sent } from './remote-write/remote-write.fixture.ts';

const log = { info() {}, warn() {}, error() {} };

describe('what the front door must not do', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  let queue: Queue;
  const got: { id: number; at: number; value: number }[] = [];
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
    queue = connectQueue({ url: database.url, log, name: 'test' });
    for (let shard = 0; shard < 4; shard++) {
      const take = async ({ batch }: { batch: string }) => {
        const { seriesIds, timestamps, values } = decodeBatch(batch);
        seriesIds.forEach((id, i) => got.push({ id, at: timestamps[i]!, value: values[i]! }));
      };
      queue.consume('samples', take, { shard });
    }
  });
  afterAll(async () => {
    await queue.close();
    await ingest.close();
    await database.close();
  });
  const write = (series: Sent[]) => ingest.post('/api/v1/write', snappy(writeRequest(series)), headersV1);
  const json = (...samples: object[]) => ingest.post('/v1/samples', { samples });
  const otlp = (name: string, asDouble: unknown) =>
    ingest.post('/v1/metrics', {
      resourceMetrics: [
        {
          scopeMetrics: [
            { metrics: [{ name, gauge: { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble }] } }] },
          ],
        },
      ],
    });
  const idsOf = async (name: string) =>
    (await database.db.query<{ id: number }>('SELECT id FROM series WHERE name = $1 ORDER BY id', [name])).map(
      ({ id }) => id,
    );
  /** What arrives of a metric, once that many have. */
  const arrived = (name: string, many: number) =>
    eventually(async () => {
      const ids = await idsOf(name);
      const mine = got.filter(({ id }) => ids.includes(id));
      expect(mine).toHaveLength(many);
      return mine;
    });

  it('defect 2: what is sent twice keeps its time, by which the detector drops it; what is too old or ahead is refused by name', async () => {
    const at = Date.now() - 60_000;
    const samples = [1, 2, 3].map((i) => ({ name: 'twice', value: i, timestamp: at + i }));
    for (const _ of [1, 2]) expect((await json(...samples)).status).toBe(202);
    expect((await arrived('twice', 6)).map((each) => each.at - at)).toEqual([1, 2, 3, 1, 2, 3]);
    const odd = [-inputLimits.sampleAgeMs - 60_000, 2 * inputLimits.sampleAheadMs].map((ms) => ({
      name: 'twice',
      value: 1,
      timestamp: Date.now() + ms,
    }));
    expect((await json(samples[0]!, ...odd)).body.rejected?.map(({ reason }) => reason)).toEqual([
      'too_old',
      'in_future',
    ]);
  });

  it('defect 9: NaN is taken by no door, and the samples beside it count', async () => {
    const at = Date.now();
    const beside = { name: 'beside', value: 1, timestamp: at };
    for (const value of ['NaN', null]) {
      expect((await json(beside, { ...beside, value })).body).toMatchObject({
        accepted: 1,
        rejected: [{ index: 1, reason: 'not_finite' }],
      });
    }
    expect(
      (
        await write([
          {
            labels: { __name__: 'beside' },
            samples: [
              [NaN, at],
              [2, at],
            ],
          },
        ])
      ).status,
    ).toBe(204);
    expect((await otlp('beside', 'NaN')).status).toBe(200);
    expect((await arrived('beside', 3)).map(({ value }) => value)).toEqual([1, 1, 2]);
  });

  it('defect 55: no value becomes another on its way: the largest arrives as it was, infinities are refused', async () => {
    const at = Date.now();
    const values = [Number.MAX_VALUE, 5e-324, -0, 0.1 + 0.2];
    const text = `{"samples":[${values.map((value) => `{"name":"exact","value":${Object.is(value, -0) ? '-0' : value},"timestamp":${at}}`).join()},{"name":"exact","value":1e999,"timestamp":${at}}]}`;
    expect((await ingest.post('/v1/samples', text)).body).toMatchObject({
      accepted: 4,
      rejected: [{ index: 4, reason: 'not_finite' }],
    });
    expect(
      (
        await write([
          { labels: { __name__: 'exact' }, samples: [Infinity, -Infinity, ...values].map((value) => [value, at]) },
        ])
      ).status,
    ).toBe(204);
    expect((await otlp('exact', '-Infinity')).status).toBe(200);
    expect((await arrived('exact', 8)).map(({ value }) => value)).toEqual([...values, ...values]);
  });

  it('defect 58: labels that only look alike are series of their own, through each door the same ones', async () => {
    const odd: Record<string, string>[] = [
      { a: 'x', b: 'y' },
      { a: 'x,b=y' },
      { a: 'x",b="y' },
      { a: 'x\\', b: 'y' },
      { a: 'x\n}', b: 'y' },
      { 'a{b': 'x}' },
      { a: '', 'b=': 'y' },
    ];
    const at = Date.now();
    expect(
      (await json(...odd.map((labels) => ({ name: 'alike', value: 1, timestamp: at, labels })))).body,
    ).toMatchObject({ accepted: odd.length });
    const ids = await idsOf('alike');
    expect(ids).toHaveLength(odd.length);
    const sent = odd
      .slice(0, -1)
      .map((labels) => ({ labels: { __name__: 'alike', ...labels }, samples: [[1, at]] as [number, number][] }));
    expect((await write(sent)).status).toBe(204);
    expect(await idsOf('alike')).toEqual(ids);
  });

  it('takes a bomb for what it says: refused before it inflates, in 64 MiB', { timeout: 60_000 }, async () => {
    const lying = Buffer.concat([Buffer.from([0x80, 0x80, 0x80, 0x04]), Buffer.alloc(1_000)]); // says that it has 8 MiB
    const huge = Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]), Buffer.alloc(1_000)]);
    const zip = gzipSync(Buffer.alloc(256 * 1024 * 1024));
    const lyingZip = Buffer.from(zip);
    lyingZip.writeUInt32LE(1_000, lyingZip.length - 4);
    const zipped = { 'content-encoding': 'gzip', 'content-type': 'application/json' };
    const bombs: [string, string | Buffer, Record<string, string>, number][] = [
      ['/api/v1/write', huge, headersV1, 413],
      ['/api/v1/write', huge, headersV2, 413],
      ['/api/v1/write', lying, headersV1, 400],
      ['/v1/metrics', zip, zipped, 413],
      ['/v1/metrics', zip, { ...zipped, 'content-type': 'application/x-protobuf' }, 413],
      ['/v1/metrics', lyingZip, zipped, 413],
    ];
    // At a rate of its own: what is measured is not how soon it is turned away.
    const limits = { samplesPerSecond: inputLimits.samplesPerSecondPerToken.max };
    const { secret } = await createToken(database.db, { name: 'bomber', scopes: ['ingest'], limits });
    const authorization = `Bearer ${secret}`;
    const volley = async () => {
      for (const [path, body, headers, status] of bombs)
        expect([path, (await ingest.post(path, body, { ...headers, authorization })).status]).toEqual([path, status]);
    };
    await volley(); // what is loaded and grown once is no harm
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 10; i++) await volley();
    const grownMiB = (process.memoryUsage().rss - before) / 1024 / 1024;
    expect(grownMiB, 'MiB').toBeLessThan(64);
    if (process.env['FUZZ_INPUTS']) console.log(`bombs: resident memory ${Math.round(grownMiB)} MiB more`);
  });

  it.each(['/v1/samples', '/v1/metrics', '/v1/cloudevents', '/v1/hooks/none', '/api/v2/alerts'])(
    '%s takes JSON that is nothing but depth for what it is',
    async (path) => {
      const headers: Record<string, string> =
        path === '/v1/cloudevents' ? { 'content-type': 'application/cloudevents+json' } : {};
      expect((await ingest.post(path, '['.repeat(500_000), headers)).status).toBe(400);
    },
  );
});
