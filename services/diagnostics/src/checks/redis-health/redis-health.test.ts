import { redisAvailable, startRedis, type TestRedis } from '@nightshift/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, silentServer } from '../../stand-ins.ts';
import { judge, parseInfo, redisHealth } from './redis-health.ts';

const target: SubjectOf<'redis'> = {
  id: 'shop-cache',
  kind: 'redis',
  urlEnv: 'SHOP_REDIS_URL',
  actions: [],
  clearPrefixes: [],
  clearKeysPerSecond: 20_000,
};
const look = (url: string, signal?: AbortSignal) =>
  redisHealth.run(context({ subject: target, env: { SHOP_REDIS_URL: url }, ...(signal && { signal }) }));

describe('redis_health on a real Redis', () => {
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

  it('is ok when there is room', async () => {
    const finding = await look(redis!.url);
    expect(finding).toMatchObject({
      status: 'ok',
      facts: { maxMemoryBytes: null, evictedPerSecond: 0, loading: false, role: 'master' },
    });
    expect(finding.facts['usedMemoryBytes']).toBeGreaterThan(0);
  });

  it('defect 21: is degraded though reachable when memory is full or keys are being evicted', async () => {
    const used = Number(parseInfo(await client.info()).get('used_memory'));
    await client.config('SET', 'maxmemory', String(Math.round(used * 1.05)));
    expect(await look(redis!.url)).toMatchObject({
      status: 'degraded',
      output: expect.stringContaining('% full') as string,
    });

    await client.config('SET', 'maxmemory', String(used + 8_000_000));
    await client.config('SET', 'maxmemory-policy', 'allkeys-lru');
    let writing = true;
    const writer = (async () => {
      for (let i = 0; writing; i++) await client.set(`key:${i}`, 'x'.repeat(10_000));
    })();
    try {
      await expect
        .poll(async () => (await look(redis!.url)).output, { timeout: 5_000 })
        .toMatch(/it evicts \d+ keys\/s/);
    } finally {
      writing = false;
      await writer;
      await client.config('SET', 'maxmemory', '0');
      await client.flushall();
    }
  });

  it('counts clients that block, which for a queue is no fault', async () => {
    const blocker = new Redis(redis!.url);
    const blocking = blocker.blpop('nothing', 0).catch(() => {});
    await expect.poll(async () => (await look(redis!.url)).facts['blockedClients']).toBe(1);
    expect((await look(redis!.url)).status).toBe('ok');
    blocker.disconnect();
    await blocking;
  });

  it('is unknown when it answers but not to us', async () => {
    await client.config('SET', 'requirepass', 'hush');
    expect(await look(redis!.url)).toMatchObject({
      status: 'unknown',
      output: expect.stringContaining('NOAUTH') as string,
    });
    expect((await look(redis!.url.replace('://', '://:hush@'))).status).toBe('ok');
    await client.config('SET', 'requirepass', '');
  });

  it('names the slow commands since the onset, without their arguments, and measures the round trip', async () => {
    await client.config('SET', 'slowlog-log-slower-than', '0');
    await client.eval(`for i = 1, 3000000 do end return ARGV[1]`, 0, 'canary-argument');
    await client.config('SET', 'slowlog-log-slower-than', '10000000');
    const { facts, output } = await look(redis!.url);
    expect(facts['slowestCommand']).toBe('EVAL');
    expect(facts['slowestMs']).toBeGreaterThan(1);
    expect(facts['latencyMs']).toBeGreaterThan(0);
    expect(output + JSON.stringify(facts)).not.toContain('canary');
    await client.slowlog('RESET');
    expect((await look(redis!.url)).facts['slowCommands']).toBe(0);
  });

  it('sees a replica, and is degraded when one has lost its primary', async () => {
    const replica = await startRedis();
    const other = new Redis(replica.url);
    await other.replicaof('127.0.0.1', redis!.port);
    await expect.poll(async () => (await look(redis!.url)).facts['replicas'], { timeout: 15_000 }).toBe(1);
    await expect.poll(async () => (await look(redis!.url)).facts['replicaLagBytes'], { timeout: 15_000 }).toBe(0);
    await other.replicaof('127.0.0.1', 1);
    expect(await look(replica.url)).toMatchObject({
      status: 'degraded',
      facts: { role: 'slave', replicationOk: false },
    });
    other.disconnect();
    await replica.close();
  });

  it('leaves no connection behind (defects 19 and 42)', async () => {
    await Promise.all(Array.from({ length: 5 }, () => look(redis!.url)));
    await expect.poll(async () => parseInfo(await client.info()).get('connected_clients')).toBe('1');
  });

  it('says down of one that stands still, at the deadline', async () => {
    const pid = Number(parseInfo(await client.info()).get('process_id'));
    process.kill(pid, 'SIGSTOP');
    try {
      const abort = new AbortController();
      const started = performance.now();
      const looking = look(redis!.url, abort.signal);
      const timer = setTimeout(() => abort.abort(new Error('no answer within 300 ms')), 300);
      expect(await looking).toMatchObject({
        status: 'down',
        output: expect.stringContaining('never answered') as string,
      });
      expect(performance.now() - started).toBeLessThan(1_500);
      clearTimeout(timer);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});

describe('redis_health without a Redis', () => {
  it('tells down from unknown (defect 25)', async () => {
    expect(await look('redis://127.0.0.1:1')).toMatchObject({
      status: 'down',
      output: expect.stringContaining('ECONNREFUSED') as string,
    });
    expect(await look('redis://no-such-host.invalid')).toMatchObject({ status: 'unknown' });
  });

  it('cuts its connection when cancelled (defect 20)', async () => {
    const hole = await silentServer();
    const abort = new AbortController();
    const looking = look(`redis://127.0.0.1:${hole.port}`, abort.signal);
    await hole.connected();
    abort.abort(new Error('deadline'));
    expect((await looking).status).toBe('down');
    await expect.poll(() => hole.open()).toBe(0);
    await hole.close();
  });

  it('defect 22: does not take a missing number for a good one', () => {
    expect(judge(new Map(), new Map())).toMatchObject({ status: 'unknown' });
    const half = judge(parseInfo('used_memory:abc\r\n'), parseInfo('used_memory:abc\r\nmaxmemory:nan\r\n'));
    expect(half.status).toBe('unknown');
    expect(judge(new Map(), parseInfo('used_memory:5\r\n')).facts).toMatchObject({
      usedPercent: null,
      evictedPerSecond: null,
      clientsPercent: null,
    });
  });

  it('is degraded when it cannot write its snapshot or has lost its primary', () => {
    const sick = parseInfo('used_memory:5\r\nrdb_last_bgsave_status:err\r\nmaster_link_status:down\r\n');
    expect(judge(sick, sick)).toMatchObject({ status: 'degraded', facts: { snapshotOk: false, replicationOk: false } });
  });
});
