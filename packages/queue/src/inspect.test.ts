import { redisAvailable, startRedis, type TestRedis } from '@nightshift/testkit';
import { Queue as BullQueue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inspectQueue } from './inspect.ts';

describe('looking at somebody else’s queue', () => {
  let redis: TestRedis | undefined;
  let client: Redis;
  beforeAll(async () => {
    if (!redisAvailable()) return;
    redis = await startRedis();
    client = new Redis(redis.url, { maxRetriesPerRequest: null });
  });
  afterAll(async () => {
    client?.disconnect();
    await redis?.close();
  });
  beforeEach((test) => {
    if (!redis) test.skip('redis-server is not installed');
  });
  const look = (queue: string, since = 0, signal = new AbortController().signal) =>
    inspectQueue({ url: redis!.url, queue, prefix: 'bull', since, signal });

  it('counts what waits, also what has a priority, and how long the oldest waits', async () => {
    const queue = new BullQueue('mail', { connection: client });
    await queue.addBulk(
      [1, 2, 3].map((n) => ({ name: 'send', data: { n }, opts: { timestamp: Date.now() - n * 10_000 } })),
    );
    await queue.add('send', {}, { priority: 5 });
    await queue.add('send', {}, { delay: 60_000 });
    const found = await look('mail');
    expect(found).toMatchObject({ waiting: 4, active: 0, delayed: 1, failed: 0, paused: false, workers: 0 });
    expect(found.oldestWaitMs).toBeGreaterThanOrEqual(10_000);
    await queue.pause();
    expect(await look('mail')).toMatchObject({ waiting: 4, paused: true });
    await queue.close();
  });

  it('tells failures since a time from older ones, and their most frequent reason', async () => {
    const queue = new BullQueue('bills', { connection: client });
    const worker = new Worker('bills', (job) => Promise.reject(new Error(String(job.data))), {
      connection: client.duplicate(),
    });
    worker.on('error', () => {});
    await queue.addBulk(['no such customer', 'timeout', 'timeout'].map((data) => ({ name: 'bill', data })));
    await expect.poll(async () => (await look('bills')).failed).toBe(3);
    expect(await look('bills')).toMatchObject({ failedSince: 3, topError: 'timeout', workers: 1 });
    expect(await look('bills', Date.now() + 60_000)).toMatchObject({ failed: 3, failedSince: 0, topError: null });
    await worker.close();
    await queue.close();
  });

  it('writes nothing, not even into a queue that is not there, and leaves no connection', async () => {
    const before = (await client.keys('*')).sort();
    expect(await look('nowhere')).toMatchObject({ waiting: 0, failed: 0, oldestWaitMs: 0 });
    expect((await client.keys('*')).sort()).toEqual(before);
    const others = async () => String(await client.client('LIST')).match(/name=nightshift-target/g) ?? [];
    await expect.poll(others).toEqual([]);
  });

  it('says why where there is none, and stops when it is told to', async () => {
    const nowhere = { url: 'redis://127.0.0.1:1', queue: 'q', prefix: 'bull', since: 0 };
    await expect(inspectQueue({ ...nowhere, signal: new AbortController().signal })).rejects.toThrow('ECONNREFUSED');
    await expect(look('mail', 0, AbortSignal.abort(new Error('deadline')))).rejects.toThrow('deadline');
  });
});
