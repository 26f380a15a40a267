import { redisAvailable, startRedis, type TestRedis } from '@nightshift/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, silentServer } from '../../stand-ins.ts';
import { queueBacklog } from './queue-backlog.ts';

const target: SubjectOf<'bullmq'> = {
  id: 'mail-queue',
  kind: 'bullmq',
  urlEnv: 'QUEUE',
  queue: 'mail',
  prefix: 'bull',
  waitingLimit: 3,
  waitLimitSeconds: 60,
  actions: [],
};
const look = (url: string, signal?: AbortSignal) =>
  queueBacklog.run(context({ subject: target, env: { QUEUE: url }, ...(signal && { signal }) }));

describe('queue_backlog', () => {
  let redis: TestRedis | undefined;
  let client: Redis;
  beforeAll(async () => {
    if (!redisAvailable()) return;
    redis = await startRedis();
    client = new Redis(redis.url);
  });
  afterAll(async () => {
    client?.disconnect();
    await redis?.close();
  });
  beforeEach((test) => {
    if (!redis) test.skip('redis-server is not installed');
  });
  // The keys as BullMQ 5 and 6 keep them: what a producer that died would have left behind.
  const wait = async (id: string, agoMs: number) => {
    await client.hset(`bull:mail:${id}`, { name: 'send', data: '{}', opts: '{}', timestamp: Date.now() - agoMs });
    await client.lpush('bull:mail:wait', id);
  };

  it('is ok while it is empty, degraded when the oldest job waits for too long, or too many do', async () => {
    expect(await look(redis!.url)).toMatchObject({ status: 'ok', facts: { waiting: 0, oldestWaitMs: 0 } });
    await wait('1', 5 * 60_000);
    const late = await look(redis!.url);
    expect(late).toMatchObject({ status: 'degraded', facts: { waiting: 1, workers: 0 } });
    expect(late.output).toMatch(/the oldest job waits for 30\d s; nobody works on it/);
    for (const id of ['2', '3', '4']) await wait(id, 0);
    expect((await look(redis!.url)).output).toContain('4 jobs wait, more than 3');
  });

  it('tells refused from silent, and stops at its deadline (defects 20 and 25)', async () => {
    expect(await look('redis://127.0.0.1:1')).toMatchObject({ status: 'down' });
    const hole = await silentServer();
    await expect(look(`redis://127.0.0.1:${hole.port}`, AbortSignal.timeout(200))).rejects.toThrow();
    await expect.poll(() => hole.open()).toBe(0);
    await hole.close();
  });
});
