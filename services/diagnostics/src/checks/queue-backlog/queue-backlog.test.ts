/** Real jobs of real BullMQ, put there and worked off as a service would. */
import { migrateQueue } from '@nightshift/queue';
import { openElsewhere, type QueueElsewhere } from '@nightshift/queue/elsewhere';
import { eventually, redisAvailable, startRedis, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, incident, silentServer } from '../../stand-ins.ts';
import { queueBacklog } from './queue-backlog.ts';

const minute = 60_000;
const look = (url: string, queue = 'mail', onsetAt = Date.now() - minute, signal?: AbortSignal) => {
  const subject: SubjectOf<'bullmq'> = {
    id: 'mail-queue',
    kind: 'bullmq',
    urlEnv: 'QUEUE',
    queue,
    prefix: 'shop',
    waitingLimit: 3,
    waitLimitSeconds: 60,
    actions: [],
  };
  return queueBacklog.run(
    context({ subject, env: { QUEUE: url }, incident: { ...incident, onsetAt }, ...(signal && { signal }) }),
  );
};

describe.each(['Redis', 'Postgres'])('queue_backlog on %s', (kind) => {
  if (kind === 'Redis' && !redisAvailable())
    return it('not run', (test) => test.skip('redis-server is not on this machine'));
  let store: { url: string; close(): Promise<unknown> };
  let service: QueueElsewhere;
  let name: string;
  let count = 0;
  beforeAll(async () => {
    store = kind === 'Redis' ? await startRedis() : await testDatabase();
    await migrateQueue(store.url);
  });
  afterAll(() => store?.close());
  beforeEach(() => {
    name = `mail${count++}`;
    service = openElsewhere({ url: store.url, name, prefix: 'shop' });
    return () => service.close();
  });
  const send = (jobs: number, opts = {}) =>
    service.queue.addBulk(Array.from({ length: jobs }, (_, i) => ({ name: 'send', data: { i }, opts })));

  it('is ok with none, with few, and with those that are for later, while a worker is there', async () => {
    expect(await look(store.url, name)).toMatchObject({ status: 'ok', facts: { waiting: 0, oldestWaitMs: 0 } });
    let release = () => {};
    const held = new Promise<void>((done) => (release = done));
    await service.work(() => held);
    await send(3);
    await send(5, { delay: 10 * minute });
    await eventually(async () =>
      expect(await look(store.url, name)).toMatchObject({
        status: 'ok',
        facts: { waiting: 2, active: 1, delayed: 5, failed: 0, workers: 1, paused: false },
      }),
    );
    release();
    await eventually(async () =>
      expect(await look(store.url, name)).toMatchObject({ status: 'ok', facts: { waiting: 0, active: 0, delayed: 5 } }),
    );
  });

  it('is degraded when the oldest job waits too long, too many wait, or nobody takes them', async () => {
    await send(1, { timestamp: Date.now() - 5 * minute });
    const late = await look(store.url, name);
    expect(late).toMatchObject({ status: 'degraded', facts: { waiting: 1, workers: 0 } });
    expect(late.output).toMatch(/the oldest job waits for 30\d s; nobody works on it/);
    await send(2);
    await send(1, { priority: 5 });
    const many = await look(store.url, name);
    expect(many).toMatchObject({ status: 'degraded', facts: { waiting: 4 } });
    expect(many.output).toContain('4 jobs wait, more than 3');
    expect(many.facts.oldestWaitMs).toBeGreaterThanOrEqual(5 * minute);
    await service.queue.pause();
    expect((await look(store.url, name)).output).toContain('it is paused');
  });

  it('is degraded by jobs that failed since the onset, and says why they did; older failures are no trouble', async () => {
    await service.work(({ data }) => Promise.reject(new Error((data as { i: number }).i === 0 ? 'odd' : 'no route')));
    await send(3);
    await eventually(async () =>
      expect(await look(store.url, name)).toMatchObject({
        status: 'degraded',
        facts: { waiting: 0, failed: 3, failedSinceOnset: 3, topError: 'no route' },
        output: expect.stringContaining('3 jobs failed since the onset, most often: no route') as string,
      }),
    );
    expect(await look(store.url, name, Date.now() + minute)).toMatchObject({
      status: 'ok',
      facts: { failed: 3, failedSinceOnset: 0, topError: null },
    });
  });
});

describe('queue_backlog of a store', () => {
  it.each(['redis', 'postgres'])(
    'tells refused from silent, and lets go of it: %s (defects 20 and 25)',
    async (scheme) => {
      expect(await look(`${scheme}://127.0.0.1:1/x`)).toMatchObject({ status: 'down' });
      const hole = await silentServer();
      await expect(look(`${scheme}://127.0.0.1:${hole.port}/x`, 'mail', 0, AbortSignal.timeout(200))).rejects.toThrow();
      await expect.poll(() => hole.open()).toBe(0);
      await hole.close();
    },
  );
});
