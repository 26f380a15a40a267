import { connect } from 'node:net';
import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { eventually, redisAvailable, startRedis, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { decodeBatch } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxy, startTestIngest, type TestIngest } from './ingest.fixture.ts';

const log = { info() {}, warn() {}, error() {} };
const sample = (name: string, value = 1) => ({ name, value, timestamp: Date.now(), labels: { service: 'shop-api' } });
type Proxy = Awaited<ReturnType<typeof startProxy>>;

let database: TestDatabase;
let ingest: TestIngest;
const open: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  database = await testDatabase();
  open.push(() => database.close());
});
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

/** Ingest whose ways to the database and to the queue can be cut. */
async function startBehindProxies(
  queueUrl: string,
  env: Record<string, string> = {},
): Promise<{ toQueue: Proxy; toDatabase: Proxy }> {
  const [toQueue, toDatabase] = [await startProxy(queueUrl), await startProxy(database.url)];
  open.push(toQueue.close, toDatabase.close);
  ingest = await startTestIngest({
    db: database.db,
    databaseUrl: toDatabase.url,
    queueUrl: toQueue.url,
    env: { SHUTDOWN_MS: '1000', ...env },
  });
  open.push(async () => {
    toQueue.mend();
    toDatabase.mend();
    await ingest.close();
  });
  return { toQueue, toDatabase };
}

const push = (...samples: unknown[]) => ingest.post('/v1/samples', { samples });
async function timed<T>(work: Promise<T>): Promise<{ result: T; ms: number }> {
  const from = performance.now();
  return { result: await work, ms: performance.now() - from };
}

function readValues(queue: Queue): Set<number> {
  const values = new Set<number>();
  for (let shard = 0; shard < 4; shard++) {
    queue.consume('samples', async ({ batch }) => decodeBatch(batch).values.forEach((value) => values.add(value)), {
      shard,
    });
  }
  return values;
}

const backends = [
  ['Postgres', async () => (await migrateQueue(database.url), { url: database.url, close: async () => {} }), true],
  ['Redis', () => startRedis(), redisAvailable()],
] as const;

describe.each(backends)('when the queue on %s is', (backend, start, available) => {
  if (!available) return it('not run', (test) => test.skip(`${backend} is not on this machine`));
  let url: string;
  beforeEach(async () => {
    const server = await start();
    url = server.url;
    open.push(() => server.close());
  });
  const reader = () => {
    const queue = connectQueue({ url, log, name: 'test' });
    open.push(() => queue.close());
    return queue;
  };

  it('defect 16: cut off, ingest answers 503 at once, claims nothing, and takes samples again by itself', async () => {
    const { toQueue } = await startBehindProxies(url);
    expect((await push(sample('before'))).status).toBe(202);
    toQueue.cut();
    const { result, ms } = await timed(push(sample('before')));
    expect([result.status, result.body.error?.code, result.body.accepted]).toEqual([
      503,
      'QUEUE_UNAVAILABLE',
      undefined,
    ]);
    expect(Number(result.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(ms).toBeLessThan(1_000);
    toQueue.mend();
    await eventually(async () => expect((await push(sample('before'))).status).toBe(202));
    expect((await ingest.get('/metrics')).text).toMatch(/nightshift_ingest_samples_total\{service="ingest"\} 2/);
  });

  it('frozen, ingest answers 503 after seconds, then at the door', async () => {
    const { toQueue } = await startBehindProxies(url);
    expect((await push(sample('frozen'))).status).toBe(202);
    toQueue.freeze();
    const { result, ms } = await timed(push(sample('frozen')));
    expect([result.status, result.body.error?.code]).toEqual([503, 'QUEUE_UNAVAILABLE']);
    expect(ms).toBeLessThan(4_000);
    await eventually(async () => {
      const again = await timed(push(sample('frozen')));
      expect([again.result.status, again.ms < 500]).toEqual([503, true]);
    });
  });

  it('cut and mended again and again under load, everything that was answered with 202 is there', async () => {
    const { toQueue } = await startBehindProxies(url);
    const accepted: number[] = [];
    const statuses = new Set<number>();
    let ended = false;
    let value = 0;
    const senders = Array.from({ length: 4 }, async (_, sender) => {
      while (!ended) {
        const values = Array.from({ length: 20 }, () => (value += 1));
        const { status } = await push(...values.map((each) => sample(`load_${sender}`, each)));
        statuses.add(status);
        if (status === 202) accepted.push(...values);
      }
    });
    for (let i = 0; i < 3; i++) {
      const sofar = accepted.length;
      await eventually(() => expect(accepted.length).toBeGreaterThan(sofar + 100));
      statuses.delete(503);
      toQueue.cut();
      await eventually(() => expect(statuses).toContain(503));
      toQueue.mend();
    }
    ended = true;
    await Promise.all(senders);
    const values = readValues(reader());
    await eventually(() => expect(accepted.filter((each) => !values.has(each))).toEqual([]));
  });

  it('not worked off, ingest answers 503 until a detector has caught up', async () => {
    await startBehindProxies(url, { INGEST_MAX_LAG_MS: '100' });
    expect((await push(sample('behind'))).status).toBe(202);
    await eventually(async () => {
      const { status, body, headers } = await push(sample('behind'));
      expect([status, body.error?.code, headers.has('retry-after')]).toEqual([503, 'QUEUE_BEHIND', true]);
      expect(body.error?.help).toMatch(/add detectors/);
    });
    readValues(reader());
    await eventually(async () => expect((await push(sample('behind'))).status).toBe(202));
  });
});

describe('when Redis is killed', () => {
  it('ingest answers 503 and takes samples again once one is back', async (test) => {
    if (!redisAvailable()) return test.skip('Redis is not on this machine');
    const redis = await startRedis();
    open.push(() => redis.close());
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url, queueUrl: redis.url });
    open.push(() => ingest.close());
    expect((await push(sample('killed'))).status).toBe(202);
    await redis.kill();
    expect((await push(sample('killed'))).status).toBe(503);
    const next = await startRedis({ port: redis.port });
    open.push(() => next.close());
    await eventually(async () => expect((await push(sample('killed'))).status).toBe(202));
  });
});

describe('when the database', () => {
  let queueDatabase: TestDatabase;
  beforeEach(async () => {
    queueDatabase = await testDatabase();
    open.push(() => queueDatabase.close());
    await migrateQueue(queueDatabase.url);
  });

  it('is cut off, known series go on while the token list is fresh; new ones and deployments get 503, and all is well afterwards', async () => {
    const { toDatabase } = await startBehindProxies(queueDatabase.url);
    expect((await push(sample('known'))).status).toBe(202);
    toDatabase.cut();
    expect((await push(sample('known'))).status).toBe(202);
    const { result, ms } = await timed(push(sample('known'), sample('new')));
    expect([result.status, result.body.error?.code, result.headers.has('retry-after')]).toEqual([
      503,
      'DATABASE_UNAVAILABLE',
      true,
    ]);
    expect(ms).toBeLessThan(1_000);
    const deployment = { service: 'a', version: 'v', deployedAt: 1_732_400_000_000 };
    expect((await ingest.post('/v1/deployments', deployment)).body.error?.code).toBe('DATABASE_UNAVAILABLE');
    await eventually(async () => expect((await push(sample('known'))).body.error?.code).toBe('DATABASE_UNAVAILABLE'));
    toDatabase.mend();
    await eventually(async () => expect((await push(sample('known'), sample('new'))).status).toBe(202));
    expect((await ingest.post('/v1/deployments', deployment)).status).toBe(201);
  });

  it('is frozen, a request waits for seconds and gets 503', async () => {
    const { toDatabase } = await startBehindProxies(queueDatabase.url);
    expect((await push(sample('known'))).status).toBe(202);
    toDatabase.freeze();
    const { result, ms } = await timed(push(sample('new in the frost')));
    expect([result.status, result.body.error?.code]).toEqual([503, 'DATABASE_UNAVAILABLE']);
    expect(ms).toBeLessThan(12_000);
  });
});

describe('a sender', () => {
  beforeEach(async () => {
    await migrateQueue(database.url);
    ingest = await startTestIngest({
      db: database.db,
      databaseUrl: database.url,
      env: { INGEST_INFLIGHT_BYTES: String(8 * 1024 * 1024) },
    });
    open.push(() => ingest.close());
  });

  it('that stops in the middle of its body holds others up for a moment alone; what it reserved is given back when it goes', async () => {
    const { hostname, port } = new URL(ingest.url);
    const slow = connect(Number(port), hostname);
    slow.write(
      `POST /v1/samples HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ingest.secret}\r\ncontent-length: 8388000\r\n\r\n{"samples":[`,
    );
    const bytes = async () =>
      /nightshift_ingest_inflight_bytes\{service="ingest"\} (\d+)/.exec((await ingest.get('/metrics')).text)?.[1];
    await eventually(async () => expect(await bytes()).toBe('8388000'));
    const { result, ms } = await timed(push(sample('beside it')));
    expect(result.status).toBe(202);
    expect(ms).toBeLessThan(1_000);
    const large = await ingest.post('/v1/samples', `{"samples":[],"padding":"${'x'.repeat(1_000)}"}`);
    expect([large.status, large.body.error?.code, large.headers.has('retry-after')]).toEqual([
      503,
      'INGEST_BUSY',
      true,
    ]);
    slow.destroy();
    await eventually(async () => expect(await bytes()).toBe('0'));
    expect((await push(sample('beside it'))).status).toBe(202);
  });
});
