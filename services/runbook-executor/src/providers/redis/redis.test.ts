import { redisAvailable, startRedis, type TestRedis } from '@nightshift/testkit';
import type { PlannedAction } from '@nightshift/types';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisProvider } from './redis.ts';
import { escapeGlob } from './remove-prefix.ts';

const target = (...clearPrefixes: string[]) => ({
  id: 'query-cache',
  kind: 'redis' as const,
  urlEnv: 'CACHE_URL',
  actions: ['clear_cache' as const],
  clearPrefixes,
  clearKeysPerSecond: 20_000,
});
const plan = (prefix: string | undefined, ...allowed: string[]) =>
  redisProvider.plan({
    target: target(...allowed),
    type: 'clear_cache',
    params: prefix === undefined ? {} : { prefix },
    rollback: null,
    env: { CACHE_URL: 'redis://127.0.0.1:1' },
    signal: AbortSignal.timeout(5_000),
  });
const action = (prefix: string): PlannedAction => ({
  step: 0,
  type: 'clear_cache',
  target: 'query-cache',
  provider: 'redis',
  params: { prefix },
  precondition: {},
  class: 'idempotent',
  timeoutMs: 1_000,
  maxRetries: 0,
  summary: '',
  undo: '',
});

describe('planning to clear a cache', () => {
  it('pins the one allowed prefix', async () => {
    expect(await plan(undefined, 'cache:q:')).toMatchObject({
      ok: true,
      call: { params: { prefix: 'cache:q:' }, class: 'idempotent' },
    });
    expect(await plan('cache:b:', 'cache:a:', 'cache:b:')).toMatchObject({
      ok: true,
      call: { params: { prefix: 'cache:b:' } },
    });
  });

  it('refuses what is not allowed to the letter: patterns, shorter ones, none, several (defect 40)', async () => {
    for (const prefix of ['*', 'cache:*', 'cache:', 'c', 'cache:q:x', '[c]ache:q:', 'other:']) {
      expect(await plan(prefix, 'cache:q:'), prefix).toMatchObject({
        ok: false,
        reason: `"${prefix}" is none of the prefixes that the catalogue allows (cache:q:)`,
      });
    }
    expect(await plan('', 'cache:q:')).toMatchObject({ ok: false });
    expect(await plan(undefined)).toMatchObject({ ok: false, reason: expect.stringContaining('no clearPrefixes') });
    expect(await plan(undefined, 'cache:a:', 'cache:b:')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('must name one'),
    });
  });

  it('defect 40: never touches the keys of queues, whatever the catalogue allows', async () => {
    for (const prefix of ['bull:', 'bull:mail:', 'bul', '{nightshift}', '{nightshift}:samples']) {
      expect(await plan(prefix, prefix), prefix).toMatchObject({
        ok: false,
        reason: expect.stringContaining('never cleared'),
      });
    }
  });
});

it('escapes every character that means something in a glob', () => {
  expect(escapeGlob('a*b?c[d]e\\f^g-h')).toBe('a\\*b\\?c\\[d\\]e\\\\f\\^g\\-h');
});

describe('clearing a real cache', () => {
  if (!redisAvailable()) return it('clears', (test) => test.skip('there is no redis-server on this machine'));

  let server: TestRedis;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedis();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.close();
  });
  beforeEach(() => redis.flushall());

  const send = (prefix: string, allowed = [prefix], url = server.url, signal = AbortSignal.timeout(10_000)) =>
    redisProvider.send({
      target: target(...allowed),
      key: 'act-1',
      incidentId: 'inc-1',
      action: action(prefix),
      env: { CACHE_URL: url },
      signal,
    });
  const fill = async (prefix: string, count: number) => {
    const pipeline = redis.pipeline();
    for (let i = 0; i < count; i++) pipeline.set(`${prefix}${i}`, 'x');
    await pipeline.exec();
  };

  it('removes every key under the prefix, in steps, and no other; again is harmless', async () => {
    await fill('cache:q:', 3_210);
    await fill('cache:p:', 100);
    await redis.set(Buffer.from('cache:q:\xff\xfe\x00', 'latin1'), 'binary');
    expect(await send('cache:q:')).toEqual({ outcome: 'succeeded', detail: 'removed 3211 keys under "cache:q:"' });
    expect(await redis.dbsize()).toBe(100);
    expect(await send('cache:q:')).toEqual({ outcome: 'succeeded', detail: 'removed 0 keys under "cache:q:"' });
  });

  it('defect 40: takes a prefix literally', async () => {
    await redis.mset('a*:1', 'x', 'ab:1', 'x', 'a?:1', 'x', '*', 'x', 'a[b]:1', 'x');
    expect(await send('a*:')).toMatchObject({ detail: 'removed 1 keys under "a*:"' });
    expect(await send('a[b]:')).toMatchObject({ detail: 'removed 1 keys under "a[b]:"' });
    expect((await redis.keys('*')).sort()).toEqual(['*', 'a?:1', 'ab:1']);
  });

  it('defect 39: neither asks for KEYS nor sends one great DEL', async () => {
    await fill('cache:q:', 2_000);
    await redis.config('RESETSTAT');
    await send('cache:q:');
    const stats = await redis.info('commandstats');
    const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
    expect([calls('keys'), calls('del'), calls('flushall'), calls('flushdb')]).toEqual([0, 0, 0, 0]);
    expect(calls('unlink')).toBe(2_000);
    expect(calls('scan')).toBeGreaterThanOrEqual(4);
  });

  it('removes no more keys a second than the catalogue says, in small steps', async () => {
    await fill('cache:q:', 120);
    const slow = { ...target('cache:q:'), clearKeysPerSecond: 200 };
    const sending = (signal: AbortSignal) =>
      redisProvider.send({
        target: slow,
        key: 'act-1',
        incidentId: 'inc-1',
        action: action('cache:q:'),
        env: { CACHE_URL: server.url },
        signal,
      });
    const startedAt = performance.now();
    expect(await sending(AbortSignal.timeout(250))).toMatchObject({
      outcome: 'uncertain',
      detail: expect.stringContaining('a part of the keys may be removed'),
    });
    const left = await redis.dbsize();
    expect(left).toBeGreaterThan(120 - 200 * ((performance.now() - startedAt) / 1_000) - 20);
    expect(await sending(AbortSignal.timeout(10_000))).toMatchObject({
      detail: `removed ${left} keys under "cache:q:"`,
    });
    expect(performance.now() - startedAt).toBeGreaterThan(400);
  });

  it('looks again when it sends: a prefix that is no longer allowed is refused', async () => {
    await fill('cache:q:', 3);
    expect(await send('cache:q:', ['cache:other:'])).toMatchObject({ outcome: 'refused' });
    expect(await redis.dbsize()).toBe(3);
  });

  it('defect 42: leaves no connection behind, however it ends', async () => {
    await fill('cache:q:', 10);
    await send('cache:q:');
    await send('cache:q:', ['cache:q:'], server.url, AbortSignal.abort());
    await expect.poll(async () => ((await redis.client('LIST')) as string).trim().split('\n').length).toBe(1);
  });

  it('says what Redis said, and whether anything can have happened', async () => {
    expect(await send('cache:q:', ['cache:q:'], 'redis://127.0.0.1:1')).toMatchObject({
      outcome: 'failed',
      again: true,
      detail: expect.stringContaining('ECONNREFUSED'),
    });
    await fill('cache:q:', 3);
    await redis.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '+@all', '-unlink');
    const limited = await send('cache:q:', ['cache:q:'], server.url.replace('redis://', 'redis://reader:pw@'));
    expect(limited).toMatchObject({ outcome: 'failed', again: false, detail: expect.stringContaining('NOPERM') });
    expect(await redis.dbsize()).toBe(3);
  });
});
