/** Moving jobs of somebody else's queue aside and back: real BullMQ on real Redis and on Postgres. */
import { createDatabase, dropDatabase } from '@nightshift/db/embedded';
import { postgresUrl, redisAvailable, startRedis } from '@nightshift/testkit';
import { Worker, type Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { drainQueue, lookAtDrain, pauseQueue, quarantineOf, restoreQueue, resumeQueue } from './drain.ts';
import { openElsewhere } from './elsewhere.fixture.ts';
import { inspectQueue } from './inspect.ts';
import { migrateQueue } from './postgres.ts';

describe.each(['Redis', 'Postgres'])('a queue on %s', (kind) => {
  if (kind === 'Redis' && !redisAvailable())
    return it('was not run', (test) => test.skip('Redis is not on this machine: no redis-server was found'));
  let url: string;
  let queue: Queue;
  let aside: Queue;
  let name: string;
  let count = 0;
  const closers: (() => Promise<unknown>)[] = [];
  const open = (which: string): Queue => {
    const elsewhere = openElsewhere({ url, name: which, prefix: 'shop' });
    closers.push(() => elsewhere.close());
    return elsewhere.queue;
  };
  beforeAll(async () => {
    if (kind === 'Redis') {
      const redis = await startRedis();
      url = redis.url;
      return closers.push(() => redis.close());
    }
    url = await createDatabase(postgresUrl(), 'drain_queue');
    closers.push(() => dropDatabase(postgresUrl(), 'drain_queue'));
    return migrateQueue(url);
  });
  beforeEach(() => {
    name = `mail${count++}`;
    [queue, aside] = [open(name), open(quarantineOf(name))];
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });
  const options = (more: { before?: number; mostJobs?: number } = {}) => ({
    url,
    prefix: 'shop',
    queue: name,
    before: Date.now() + 1_000,
    mostJobs: 1_000,
    signal: AbortSignal.timeout(20_000),
    ...more,
  });
  const fill = (jobs: number, opts = {}) =>
    queue.addBulk(
      Array.from({ length: jobs }, (_, i) => ({ name: 'letter', data: { i }, opts: { attempts: 3, ...opts } })),
    );
  const waiting = async (which: Queue) => {
    const { waiting: plain = 0, prioritized = 0 } = await which.getJobCounts('waiting', 'prioritized');
    return plain + prioritized;
  };

  it('is moved aside whole, again is harmless, and comes back as it was: nothing is ever deleted', async () => {
    await fill(230);
    await fill(20, { priority: 5 });
    await queue.add('named', { n: 1 }, { jobId: 'order-7' });
    await pauseQueue(options());
    expect(await lookAtDrain(options())).toEqual({ jobs: 251, paused: true });
    expect(await drainQueue(options())).toEqual({ moved: 251, kept: 0 });
    expect(await drainQueue(options())).toEqual({ moved: 0, kept: 0 });
    expect([await waiting(queue), await waiting(aside)]).toEqual([0, 251]);
    await resumeQueue(options());
    expect(await restoreQueue(options())).toBe(251);
    expect([await waiting(queue), await waiting(aside)]).toEqual([251, 0]);
    expect(await queue.getJob('order-7')).toMatchObject({ name: 'named', data: { n: 1 } });
    const [prioritized] = await queue.getJobs(['prioritized'], 0, 0);
    expect(prioritized!.opts).toMatchObject({ priority: 5, attempts: 3 });
    expect(await inspectQueue({ ...options(), since: 0 })).toMatchObject({ waiting: 251, paused: false });
  });

  it('keeps what came after the cut-off, and moves no more than it may', async () => {
    await fill(30);
    expect(await drainQueue(options({ mostJobs: 12 }))).toMatchObject({ moved: 12 });
    expect([await waiting(queue), await waiting(aside)]).toEqual([18, 12]);
    expect(await drainQueue(options({ before: Date.now() - 60_000 }))).toMatchObject({ moved: 0, kept: 18 });
    expect(await waiting(queue)).toBe(18);
  });

  it('copied but not yet removed when the mover was killed: a repeat goes on, and each job is there once', async () => {
    const jobs = await fill(5);
    const [first] = jobs;
    const record = {
      queue: name,
      id: first!.id,
      name: 'letter',
      data: first!.data,
      opts: {},
      sentAt: first!.timestamp,
    };
    await aside.add('moved', record, { jobId: `moved-${first!.id}-${first!.timestamp}` });
    expect(await drainQueue(options())).toEqual({ moved: 5, kept: 0 });
    expect([await waiting(queue), await waiting(aside)]).toEqual([0, 5]);
  });

  // The same on both: a job that is removed while it is locked.
  if (kind === 'Redis')
    it('leaves what a worker has, and takes no copy of it', async () => {
      await fill(3);
      let release = () => {};
      const held = new Promise<void>((done) => (release = done));
      const started = new Promise<void>((begun) => {
        const worker = new Worker(name, async () => (begun(), await held), { connection: { url }, prefix: 'shop' });
        worker.on('error', () => {});
        closers.push(() => worker.close());
      });
      await started;
      await pauseQueue(options());
      expect(await drainQueue(options())).toEqual({ moved: 2, kept: 0 });
      expect(await waiting(aside)).toBe(2);
      release();
    });
});
