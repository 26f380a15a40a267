import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '@nightshift/db/embedded';
import { eventually, redisAvailable, startRedis } from '@nightshift/testkit';
import type { StageJob } from '@nightshift/types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectQueue, migrateQueue, type Queue } from './index.ts';

/** A store that can be killed and brought back at the same address. */
type Mortal = {
  url: string;
  keepsJobs: boolean;
  start(): Promise<void>;
  kill(): Promise<void>;
  remove(): Promise<void>;
};

async function mortalPostgres(): Promise<Mortal> {
  const dir = await mkdtemp(join(tmpdir(), 'nightshift-test-outage-'));
  let server = await startEmbeddedPostgres({ dir });
  const { url, port } = server;
  await migrateQueue(url);
  return {
    url,
    keepsJobs: true,
    start: async () => void (server = await startEmbeddedPostgres({ dir, port })),
    kill: () => server.kill(),
    async remove() {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function mortalRedis(): Promise<Mortal> {
  let server = await startRedis();
  const { url, port } = server;
  return {
    url,
    keepsJobs: false, // the tests' Redis runs without AOF
    start: async () => void (server = await startRedis({ port })),
    kill: () => server.close(),
    remove: () => server.close(),
  };
}

const stores = [
  { name: 'Postgres', open: mortalPostgres, here: true },
  { name: 'Redis', open: mortalRedis, here: redisAvailable() },
];
const silent = { info() {}, warn() {}, error() {} };
const stage = (incidentId: string): StageJob => ({ v: 1, incidentId, stage: 'diagnose', generation: 1 });
const send = (queue: Queue, name: string) => queue.send('diagnose', stage(name), { id: `${name}-diagnose-1` });

async function expectFastFailure(queue: Queue) {
  const before = Date.now();
  await expect(send(queue, 'lost')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  await expect(queue.depth('diagnose')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  expect(await queue.isReady()).toBe(false);
  // Three calls, each within its own limit of 2 s.
  expect(Date.now() - before).toBeLessThan(6_500);
}

describe.each(stores)('the queue while $name is out of reach', ({ name, open, here }) => {
  if (!here) return it('recovers', (test) => test.skip(`${name} is not on this machine: no redis-server was found`));

  let store: Mortal;
  let queue: Queue;
  let seen: string[];
  const connectAndConsume = (url: string) => {
    seen = [];
    queue = connectQueue({ url, name: 'test', log: silent });
    queue.consume('diagnose', async ({ incidentId }) => void seen.push(incidentId));
  };
  beforeAll(async () => void (store = await open()));
  afterAll(() => store.remove());
  afterEach(() => queue.close(2_000));

  it('a service that starts before its store comes to work when the store does', async () => {
    await store.kill();
    connectAndConsume(store.url);
    await expectFastFailure(queue);
    await store.start();
    await eventually(() => send(queue, 'first'), { timeoutMs: 15_000 });
    await eventually(() => expect(seen).toContain('first'), { timeoutMs: 15_000 });
  }, 60_000);

  it('senders fail fast, workers wait and go on', async () => {
    connectAndConsume(store.url);
    await send(queue, 'before');
    await eventually(() => expect(seen).toContain('before'));
    await store.kill();
    await expectFastFailure(queue);
    await store.start();
    await eventually(() => send(queue, 'after'), { timeoutMs: 15_000 });
    await eventually(() => expect(seen).toContain('after'), { timeoutMs: 15_000 });
    expect(await queue.isReady()).toBe(true);
  }, 60_000);

  it('the job at work when the store dies comes to its end, and what the store keeps is done', async () => {
    connectAndConsume(store.url);
    const begun: string[] = [];
    let finish = () => {};
    const handler = async ({ incidentId }: StageJob) => {
      begun.push(incidentId);
      if (begun.length === 1) await new Promise<void>((resolve) => (finish = resolve));
    };
    queue.consume('escalate', handler, { concurrency: 1 });
    for (const id of ['inc-x', 'inc-y']) {
      await eventually(() => queue.send('escalate', { ...stage(id), stage: 'escalate' }, { id: `${id}-escalate-1` }));
    }
    await eventually(() => expect(begun).toEqual(['inc-x']));
    await store.kill();
    finish();
    await store.start();
    if (store.keepsJobs) await eventually(() => expect(begun).toContain('inc-y'), { timeoutMs: 20_000 });
    const empty = { waiting: 0, active: 0, delayed: 0, failed: 0 };
    await eventually(async () => expect(await queue.depth('escalate')).toMatchObject(empty), { timeoutMs: 20_000 });
  }, 60_000);

  it('a store that accepts connections and says nothing does not hold up senders, nor the end', async () => {
    const wall = await silentWall(store.url);
    connectAndConsume(wall.url);
    await send(queue, 'through');
    await eventually(() => expect(seen).toContain('through'));
    wall.fallSilent();
    await expectFastFailure(queue);
    const before = Date.now();
    await queue.close(1_000);
    expect(Date.now() - before).toBeLessThan(3_000);
    await wall.close();
  }, 60_000);
});

/** A TCP proxy before the store that can stop passing anything on while its connections stay open. */
async function silentWall(target: string) {
  const url = new URL(target);
  const port = Number(url.port);
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((near) => {
    const far = connect(port, url.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => void (silent || to.write(chunk)));
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    fallSilent: () => void (silent = true),
    async close() {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((closed) => server.close(closed));
    },
  };
}
