/** The shop as a whole: real processes, driven through its control API. Uses the built files. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startIngest, type StandIn } from './ingest.stand-in.ts';
import type { Effect } from './state.ts';
import type { ProcessView } from './supervisor.ts';

let ingest: StandIn;
let dir: string;
let shop: ChildProcess;
let url: string;
let shopUrl: string;

async function start() {
  shop = spawn(process.execPath, [fileURLToPath(new URL('../dist/main.js', import.meta.url))], {
    env: {
      ...process.env,
      SHOP_INGEST_URL: ingest.url,
      SHOP_INGEST_TOKEN: 't',
      SHOP_CONTROL_TOKEN: 'secret',
      SHOP_STATE_DIR: dir,
      SHOP_HISTORY_SECONDS: '60',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = await new Promise<string>((said, failed) => {
    shop.stdout!.once('data', (chunk: Buffer) => said(chunk.toString()));
    shop.once('exit', (code) => failed(new Error(`the shop ended with code ${code}`)));
  });
  const ready = JSON.parse(line) as { port: number; shopUrl: string };
  url = `http://127.0.0.1:${ready.port}`;
  shopUrl = ready.shopUrl;
}
async function end(signal: NodeJS.Signals) {
  if (shop.exitCode !== null || shop.signalCode !== null) return;
  const gone = new Promise((resolve) => shop.once('exit', resolve));
  shop.kill(signal);
  await gone;
}
async function ask<T>(method: string, path: string, body?: object, token = 'secret') {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T };
}
async function eventually<T>(look: () => T | Promise<T>, good: (value: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 15_000; ; await new Promise((resolve) => setTimeout(resolve, 25))) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`never so: ${JSON.stringify(value)}`);
  }
}
const view = async () => (await ask<ProcessView[]>('GET', '/processes')).body[0]!;
const newest = (name: string) => ingest.samples.findLast((sample) => sample.name === name)?.value;
const actions = async () => (await ask<Effect[]>('GET', '/effects')).body.filter((effect) => effect.by === 'action');
const refused = () =>
  fetch(`${shopUrl}/healthz`).then(
    () => false,
    () => true,
  );

beforeEach(async () => {
  ingest = await startIngest();
  dir = await mkdtemp(join(tmpdir(), 'shop-'));
  await start();
});
afterEach(async () => {
  await end('SIGKILL');
  await ingest.close();
  await rm(dir, { recursive: true, force: true });
});

describe('the demo shop', () => {
  it('sends history before anything else, then what its clients see', async () => {
    expect(ingest.samples.filter((sample) => sample.name === 'availability')).toHaveLength(60);
    ingest.samples.length = 0;
    await eventually(
      () => newest('checkout_success_ratio'),
      (ratio) => (ratio ?? 0) > 0.8,
    );
    await eventually(
      () => newest('process_memory_mb'),
      (mb) => (mb ?? 0) > 10,
    );
    expect(newest('availability')).toBe(1);
  });

  it('bad-deploy: another version runs, is reported, fails; rolling back to the exact earlier one mends it, once per key', async () => {
    expect((await ask('POST', '/faults/bad-deploy')).status).toBe(202);
    expect(ingest.deployments).toEqual([
      expect.objectContaining({ service: 'shop-api', version: 'v2-1', previousVersion: 'v1' }),
    ]);
    await eventually(
      () => newest('http_error_ratio'),
      (ratio) => (ratio ?? 0) > 0.3,
    );
    const rollback = { key: 'k1', from: 'v2-1', to: 'v1' };
    const twice = await Promise.all([
      ask<{ applied: boolean }>('POST', '/processes/shop-api/deploy', rollback),
      ask<{ applied: boolean }>('POST', '/processes/shop-api/deploy', rollback),
    ]);
    // Which of the two arrives first is the network's business.
    expect(twice.filter(({ body }) => body.applied)).toHaveLength(1);
    expect((await ask('POST', '/processes/shop-api/deploy', { ...rollback, key: 'k2' })).status).toBe(409);
    expect((await ask('POST', '/processes/shop-api/deploy', { ...rollback, to: 'v3' })).status).toBe(409);
    expect(await actions()).toHaveLength(1);
    await eventually(
      () => newest('http_error_ratio'),
      (ratio) => ratio === 0,
    );
  });

  it('crash: the process is gone until somebody restarts it, and restarts only the instance that was meant', async () => {
    await ask('POST', '/faults/crash');
    const crashed = await view();
    expect(crashed).toMatchObject({ state: 'crashed', pid: null });
    expect(await refused()).toBe(true);
    await eventually(
      () => newest('availability'),
      (ratio) => ratio === 0,
    );
    expect(
      (await ask('POST', '/processes/shop-api/restart', { key: 'k1', expectedInstance: 'shop-api-99' })).status,
    ).toBe(409);
    expect(
      (await ask('POST', '/processes/shop-api/restart', { key: 'k1', expectedInstance: crashed.instance })).status,
    ).toBe(200);
    expect(await view()).toMatchObject({ state: 'running', version: 'v1' });
    await eventually(
      () => newest('availability'),
      (ratio) => ratio === 1,
    );
  });

  it('mystery: nothing fails, nothing is sold; undoing it is possible', async () => {
    await ask('POST', '/faults/mystery');
    await eventually(
      () => newest('payment_declined_ratio'),
      (ratio) => (ratio ?? 0) > 0.6,
    );
    expect(newest('http_error_ratio')).toBe(0);
    expect((await ask('DELETE', '/faults')).status).toBe(200);
    await eventually(
      () => newest('payment_declined_ratio'),
      (ratio) => (ratio ?? 1) < 0.2,
    );
  });

  it('overload: the payments of one process wait; those of two do not', async () => {
    await ask('POST', '/faults/overload');
    await eventually(
      () => newest('payment_queue_length'),
      (waiting) => (waiting ?? 0) > 5,
    );
    expect(newest('payment_pool_usage_ratio')).toBeGreaterThan(0.9);
    await ask('POST', '/processes/shop-api/scale', { key: 'k1', replicas: 2, expectedReplicas: 1 });
    await eventually(
      () => newest('payment_pool_usage_ratio'),
      (ratio) => (ratio ?? 1) < 0.85,
    );
    await ask('DELETE', '/faults');
    expect(await view()).toMatchObject({ replicas: 1 });
  });

  it('fix-fails: the version before fails as well, until somebody mends what the later one wrote', async () => {
    await ask('POST', '/faults/fix-fails');
    await ask('POST', '/processes/shop-api/deploy', { key: 'k1', from: 'v3-1', to: 'v1' });
    await ask('POST', '/processes/shop-api/restart', { key: 'k2' });
    ingest.samples.length = 0;
    await eventually(
      () => newest('http_error_ratio'),
      (ratio) => (ratio ?? 0) > 0.3,
    );
    await ask('DELETE', '/faults');
    await eventually(
      () => newest('http_error_ratio'),
      (ratio) => ratio === 0,
    );
  });

  it('remembers versions, keys and effects through kill -9 of its supervisor, and its processes do not outlive it', async () => {
    await ask('POST', '/processes/shop-api/deploy', { key: 'k1', from: 'v1', to: 'v3' });
    await end('SIGKILL');
    await eventually(refused, Boolean);
    await start();
    expect(await view()).toMatchObject({ version: 'v3', state: 'running' });
    expect(
      (await ask<{ applied: boolean }>('POST', '/processes/shop-api/deploy', { key: 'k1', from: 'v1', to: 'v3' })).body
        .applied,
    ).toBe(false);
    expect(await actions()).toHaveLength(1);
    await end('SIGTERM');
    expect(shop.exitCode).toBe(0);
    expect(await refused()).toBe(true);
  });

  it('scales to an absolute number, from the one that was expected', async () => {
    const scale = (body: object) => ask<{ process: ProcessView }>('POST', '/processes/shop-api/scale', body);
    expect((await scale({ key: 'k1', replicas: 3, expectedReplicas: 2 })).status).toBe(409);
    expect((await scale({ key: 'k1', replicas: 2, expectedReplicas: 1 })).body.process).toMatchObject({ replicas: 2 });
    expect((await scale({ key: 'k1', replicas: 2, expectedReplicas: 1 })).status).toBe(200);
    expect(await actions()).toHaveLength(1);
  });

  it('says what is wrong with a request', async () => {
    expect(await ask('POST', '/faults/flood')).toMatchObject({
      status: 404,
      body: {
        error: {
          code: 'SCENARIO_UNKNOWN',
          help: expect.stringContaining('bad-deploy, crash, mystery, overload, fix-fails, disk-full'),
        },
      },
    });
    expect((await ask('GET', '/processes', undefined, 'guess')).status).toBe(401);
    expect((await ask('POST', '/processes/*/restart', { key: 'k' })).status).toBe(404);
    expect((await ask('POST', '/processes/shop-api/scale', { key: 'k', replicas: '3' })).status).toBe(400);
    expect((await ask('POST', '/processes/shop-api/scale', { key: 'k', replicas: -3 })).status).toBe(400);
    expect((await ask('POST', '/processes/shop-api/deploy', { key: 'k', from: 'v1', to: 'v1; rm -rf' })).status).toBe(
      400,
    );
  });
});
