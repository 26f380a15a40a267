import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, redisAvailable } from '@nightshift/testkit';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisProvider } from './redis.ts';

type Master = { port: number; server: ChildProcess; dir: string };

/** A port whose cluster bus (10,000 above it) can be bound as well. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    if (port < 50_000) return port;
  }
}

async function startMaster(): Promise<Master> {
  const [dir, port] = [await mkdtemp(join(tmpdir(), 'nightshift-test-cluster-')), await freePort()];
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--cluster-enabled', 'yes', '--save', '', '--dir', dir],
    { stdio: 'ignore' },
  );
  process.once('exit', () => server.kill('SIGKILL'));
  return { port, server, dir };
}

describe('a cache spread over the masters of a cluster', () => {
  if (!redisAvailable()) return it('clears', (test) => test.skip('there is no redis-server on this machine'));

  let masters: Master[] = [];
  let cluster: Cluster;
  beforeAll(async () => {
    masters = await Promise.all([startMaster(), startMaster()]);
    const [a, b] = masters.map(({ port }) =>
      new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50, maxRetriesPerRequest: null }).on('error', () => {}),
    );
    await a!.call('CLUSTER', 'ADDSLOTSRANGE', '0', '8191');
    await b!.call('CLUSTER', 'ADDSLOTSRANGE', '8192', '16383');
    await b!.call('CLUSTER', 'SET-CONFIG-EPOCH', '2');
    await a!.call('CLUSTER', 'MEET', '127.0.0.1', String(masters[1]!.port));
    await eventually(async () => {
      for (const redis of [a!, b!]) expect(await redis.call('CLUSTER', 'INFO')).toContain('cluster_state:ok');
    });
    for (const redis of [a!, b!]) redis.disconnect();
    cluster = new Cluster([{ host: '127.0.0.1', port: masters[0]!.port }]);
  });
  afterAll(async () => {
    cluster?.disconnect();
    for (const { server, dir } of masters) {
      server.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('is cleared on each of them, and only under the prefix', async () => {
    for (let i = 0; i < 200; i++) await cluster.set(`cache:q:${i}`, 'x');
    for (let i = 0; i < 50; i++) await cluster.set(`cart:${i}`, 'x');
    const sizes = () => Promise.all(cluster.nodes('master').map((node) => node.dbsize()));
    expect(Math.min(...(await sizes()))).toBeGreaterThan(50);
    const result = await redisProvider.send({
      target: {
        id: 'c',
        kind: 'redis',
        urlEnv: 'CACHE_URL',
        actions: ['clear_cache'],
        clearPrefixes: ['cache:q:'],
        clearKeysPerSecond: 20_000,
      },
      key: 'act-1',
      incidentId: 'inc-1',
      action: {
        step: 0,
        type: 'clear_cache',
        target: 'c',
        provider: 'redis',
        params: { prefix: 'cache:q:' },
        precondition: {},
        class: 'idempotent',
        timeoutMs: 1_000,
        maxRetries: 0,
        summary: '',
        undo: '',
      },
      env: { CACHE_URL: `redis://127.0.0.1:${masters[0]!.port}` },
      signal: AbortSignal.timeout(10_000),
    });
    expect(result).toEqual({ outcome: 'succeeded', detail: 'removed 200 keys under "cache:q:"' });
    expect((await sizes()).reduce((sum, size) => sum + size, 0)).toBe(50);
  });
});
