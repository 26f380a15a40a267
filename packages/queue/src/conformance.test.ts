import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildRoom, eventually, redisAvailable, startRedis, testDatabase } from '@nightshift/testkit';
import { jobs, queueName, type JobName, type StageJob } from '@nightshift/types';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectQueue, migrateQueue, type JobEvent, type QuarantineRecord, type Queue } from './index.ts';

type Store = {
  url: string;
  /** Makes a waiting job look as if so many workers had begun it. */
  setStarts(queue: string, id: string, starts: number): Promise<void>;
  /** As if the worker had stood still for so long that its job was given to another. */
  stealLock(queue: string, id: string): Promise<void>;
  connections(): Promise<number>;
  close(): Promise<void>;
};

async function postgresStore(): Promise<Store> {
  const { url, db, close } = await testDatabase({ max: 1 });
  await migrateQueue(url);
  await migrateQueue(url);
  const update = (what: string) => async (queue: string, id: string, value: unknown) =>
    void (await db.query(`UPDATE bullmq.job SET ${what} = $3 WHERE queue = $1 AND id = $2`, [queue, id, value]));
  const others = 'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
  return {
    url,
    setStarts: update('attempts_started'),
    stealLock: (queue, id) => update('lock_token')(queue, id, 'another'),
    connections: async () => (await db.query(others)).length,
    close,
  };
}

async function redisStore(): Promise<Store> {
  const redis = await startRedis();
  await migrateQueue(redis.url);
  const client = new Redis(redis.url);
  return {
    url: redis.url,
    setStarts: async (queue, id, starts) => void (await client.hset(`{nightshift}:${queue}:${id}`, 'ats', starts)),
    stealLock: async (queue, id) => void (await client.set(`{nightshift}:${queue}:${id}:lock`, 'another', 'PX', 3_000)),
    connections: async () => Number(/connected_clients:(\d+)/.exec(await client.info('clients'))?.[1]) - 1,
    async close() {
      client.disconnect();
      await redis.close();
    },
  };
}

const stores = [
  { name: 'Postgres', open: postgresStore, here: true, perConsumer: 1, shared: 4 },
  { name: 'Redis', open: redisStore, here: redisAvailable(), perConsumer: 2, shared: 1 },
];
const silent = { info() {}, warn() {}, error() {} };
const stage = (incidentId: string, of: StageJob['stage'] = 'diagnose'): StageJob => ({
  v: 1,
  incidentId,
  stage: of,
  generation: 1,
});

describe.each(stores)('the queue on $name', ({ name, open, here, perConsumer, shared }) => {
  if (!here) return it('conforms', (test) => test.skip(`${name} is not on this machine: no redis-server was found`));

  let store: Store;
  let queue: Queue;
  let events: JobEvent[];
  const outcomes = () => events.map((event) => event.outcome);
  const connect = () =>
    connectQueue({ url: store.url, name: 'test', log: silent, observe: (event) => events.push(event) });
  const board = (job: JobName) => queue.boards({ shards: 0 }).find((each) => each.name === queueName(job))!;
  const quarantined = async (id: string) => {
    const records = await queue.boards({ shards: 0 }).at(-1)!.getJobs(['waiting']);
    return records.map((each) => each.data as QuarantineRecord).filter((record) => record.id === id);
  };
  const expectEmpty = (job: JobName) =>
    eventually(async () =>
      expect(await queue.depth(job)).toEqual({ waiting: 0, active: 0, delayed: 0, failed: 0, oldestWaitMs: 0 }),
    );

  beforeAll(async () => void (store = await open()));
  afterAll(() => store.close());
  beforeEach(async () => {
    events = [];
    queue = connect();
    expect(await queue.isReady()).toBe(true);
  });
  afterEach(() => queue.close(2_000));

  it('delivers once what is offered many times while it waits, and again when it is offered after its end', async () => {
    const seen: unknown[] = [];
    for (let i = 0; i < 5; i++) await queue.send('diagnose', stage('inc-a'), { id: 'inc-a-diagnose-1' });
    expect(await queue.depth('diagnose')).toMatchObject({ waiting: 1 });
    queue.consume('diagnose', async (payload, { id, attempt }) => void seen.push([payload, id, attempt]));
    await eventually(() => expect(outcomes()).toEqual(['done']));
    await expectEmpty('diagnose');
    expect(seen).toEqual([[stage('inc-a'), 'inc-a-diagnose-1', 1]]);
    await queue.send('diagnose', stage('inc-a'), { id: 'inc-a-diagnose-1' });
    await eventually(() => expect(seen).toHaveLength(2));
  });

  it('tells how long the oldest job has waited', async () => {
    await queue.send('diagnose', stage('inc-old'), { id: 'inc-old-diagnose-1' });
    await eventually(async () => expect((await queue.depth('diagnose')).oldestWaitMs).toBeGreaterThan(50));
    await queue.send('diagnose', stage('inc-new'), { id: 'inc-new-diagnose-1' });
    expect((await queue.depth('diagnose')).oldestWaitMs).toBeGreaterThan(50);
    queue.consume('diagnose', async () => {});
    await eventually(() => expect(events).toHaveLength(2));
    expect(Math.max(...events.map((event) => event.waitMs))).toBeGreaterThan(50);
    await expectEmpty('diagnose');
  });

  it('tries again after a throw', async () => {
    const attempts: number[] = [];
    queue.consume('escalate', async (_payload, { attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw new Error('once');
    });
    await queue.send('escalate', stage('inc-b', 'escalate'), { id: 'inc-b-escalate-1' });
    await eventually(() => expect(outcomes()).toEqual(['failed', 'done']));
    expect(attempts).toEqual([1, 2]);
  });

  it('puts poison aside after its attempts, visibly, while 50 others go through the same single hand', async () => {
    const done = new Set<string>();
    const send = (id: string) => queue.send('postmortem', stage(id, 'postmortem'), { id: `${id}-postmortem-1` });
    for (let i = 0; i < 5; i++) await send(`poison-${i}`);
    for (let i = 0; i < 50; i++) await send(`inc-${i}`);
    const handler = async ({ incidentId }: StageJob) => {
      if (incidentId.startsWith('poison')) throw new Error('always\0 \ud800'); // Postgres can store neither of the two
      done.add(incidentId);
    };
    queue.consume('postmortem', handler, { concurrency: 1 });
    await eventually(() => expect(done.size).toBe(50), { timeoutMs: 15_000 });
    await eventually(() => expect(outcomes().filter((outcome) => outcome === 'quarantined')).toHaveLength(5));
    expect(outcomes().indexOf('done')).toBeLessThan(outcomes().indexOf('quarantined'));
    const [record] = await quarantined('poison-0-postmortem-1');
    expect(record).toMatchObject({
      queue: 'postmortem',
      job: 'postmortem',
      payload: stage('poison-0', 'postmortem'),
      reason: 'attempts used up',
      error: 'always\ufffd \ufffd',
      attempts: jobs.postmortem.attempts,
      starts: jobs.postmortem.attempts,
      times: 1,
    });
    await expectEmpty('postmortem');

    await send('poison-0'); // the original is gone: its id is free, and a repeat counts instead of piling up
    await eventually(async () =>
      expect((await quarantined('poison-0-postmortem-1')).map((each) => each.times)).toEqual([2]),
    );
  });

  it('puts a payload that does not fit aside at once, without calling the handler', async () => {
    let called = 0;
    queue.consume('verify', async () => void called++);
    await board('verify').add('verify', { v: 9 }, { jobId: 'forged-1', attempts: 1_000_000 });
    await eventually(() => expect(outcomes()).toEqual(['quarantined']));
    expect(await quarantined('forged-1')).toMatchObject([
      { reason: 'invalid payload', payload: { v: 9 }, attempts: 0, starts: 1 },
    ]);
    await expectEmpty('verify');
    expect(called).toBe(0);
  });

  it('loses no job that was added by hand without any attempts', async () => {
    queue.consume('verify', () => Promise.reject(new Error('no')));
    await board('verify').add('verify', stage('inc-hand', 'verify'), { jobId: 'hand-1' });
    await eventually(async () =>
      expect(await quarantined('hand-1')).toMatchObject([{ reason: 'attempts used up', attempts: 1 }]),
    );
    await expectEmpty('verify');
  });

  it('puts a job aside over which worker after worker died', async () => {
    let called = 0;
    await queue.send('verify', stage('inc-lethal', 'verify'), { id: 'inc-lethal-verify-1' });
    await store.setStarts(queueName('verify'), 'inc-lethal-verify-1', jobs.verify.attempts + 5);
    queue.consume('verify', async () => void called++);
    await eventually(async () =>
      expect(await quarantined('inc-lethal-verify-1')).toMatchObject([{ reason: 'kills its worker', starts: 9 }]),
    );
    await expectEmpty('verify');
    expect(called).toBe(0);
  });

  it('keeps the order of a shard', async () => {
    const order = Array.from({ length: 40 }, (_, i) => String(i));
    const seen: string[] = [];
    for (const batch of order) await queue.send('samples', { v: 1, shard: 2, batch }, { id: `p-${batch}`, shard: 2 });
    await queue.send('samples', { v: 1, shard: 3, batch: 'other shard' }, { id: 'p-other', shard: 3 });
    expect(await queue.depth('samples', 2)).toMatchObject({ waiting: 40 });
    queue.consume('samples', async ({ batch }) => void seen.push(batch), { shard: 2 });
    await eventually(() => expect(seen).toEqual(order));
  });

  it('refuses NaN, a foreign payload, text that no store can keep and ids that BullMQ cannot', async () => {
    const send = (payload: object, id: string) => queue.send('diagnose', payload as StageJob, { id });
    const refused = { code: 'JOB_INVALID' };
    await expect(send({ ...stage('inc-c'), generation: Number.NaN }, 'inc-c-1')).rejects.toMatchObject(refused);
    await expect(send({ ...stage('inc-c'), generation: Infinity }, 'inc-c-1')).rejects.toMatchObject(refused);
    await expect(send({ ...stage('inc-c'), stage: 'dance' }, 'inc-c-1')).rejects.toMatchObject(refused);
    for (const id of ['inc:c', '42', '']) await expect(send(stage('inc-c'), id)).rejects.toMatchObject(refused);
    if (name === 'Postgres') await expect(send(stage('inc-\0'), 'inc-c-1')).rejects.toMatchObject(refused);
    expect(await queue.depth('diagnose')).toMatchObject({ waiting: 0 });
  });

  it('closes at its deadline whatever a handler does, tells the handler, and gives the job to another at once', async () => {
    let signal: AbortSignal | undefined;
    const hung = queue.consume('remediate', (_payload, context) => ((signal = context.signal), new Promise(() => {})));
    await queue.send('remediate', stage('inc-d', 'remediate'), { id: 'inc-d-remediate-1' });
    await eventually(() => expect(signal?.aborted).toBe(false));
    const before = Date.now();
    await hung.close(1_000);
    expect(Date.now() - before).toBeLessThan(1_300);
    expect(signal?.aborted).toBe(true);
    const attempts: number[] = [];
    queue.consume('remediate', async (_payload, { attempt }) => void attempts.push(attempt));
    await eventually(() => expect(attempts).toEqual([1]), { timeoutMs: 2_000 });
  });

  it('tells a handler whose job may be in other hands, and records nothing for it', async () => {
    const signals: AbortSignal[] = [];
    queue.consume('verify', async (_payload, { signal }) => {
      signals.push(signal);
      if (signals.length === 1) await new Promise((_, reject) => signal.addEventListener('abort', reject));
    });
    await queue.send('verify', stage('inc-l', 'verify'), { id: 'inc-l-verify-1' });
    await eventually(() => expect(signals).toHaveLength(1));
    await store.stealLock(queueName('verify'), 'inc-l-verify-1');
    await eventually(() => expect(signals[0]?.aborted).toBe(true));
    await eventually(() => expect(signals).toHaveLength(2), { timeoutMs: 15_000 });
    await expectEmpty('verify');
    expect(await quarantined('inc-l-verify-1')).toEqual([]);
  }, 40_000);

  it('gives the job of a killed worker to another within 12 s', async () => {
    await buildRoom(new URL('..', import.meta.url)); // the killed worker runs what is built, as services do
    const worker = fork(fileURLToPath(new URL('./hang.fixture.mjs', import.meta.url)), [store.url], { execArgv: [] });
    await queue.send('diagnose', stage('inc-e'), { id: 'inc-e-diagnose-1' });
    await new Promise((taken) => worker.once('message', taken));
    let takenOverAt = 0;
    queue.consume('diagnose', async () => void (takenOverAt = Date.now()));
    worker.kill('SIGKILL');
    const killedAt = Date.now();
    await eventually(() => expect(takenOverAt).toBeGreaterThan(0), { timeoutMs: 15_000 });
    expect(takenOverAt - killedAt).toBeLessThan(12_000);
  }, 60_000);

  it('keeps the newest 200 in quarantine, so that nobody has to look for the store to stay small', async () => {
    const quarantine = queue.boards({ shards: 0 }).at(-1)!;
    const old = Array.from({ length: 205 }, (_, i) => ({
      name: 'verify',
      data: { id: 'old' },
      opts: { jobId: `old-${i}` },
    }));
    await quarantine.addBulk(old);
    await board('verify').add('verify', {}, { jobId: 'newest' });
    queue.consume('verify', async () => {});
    await eventually(async () => expect(await quarantine.getWaitingCount()).toBe(200));
    expect(await quarantined('newest')).toHaveLength(1);
    expect([await quarantine.getJob('old-5'), await quarantine.getJob('old-204')]).toMatchObject([
      undefined,
      { id: 'old-204' },
    ]);
  });

  it('holds few connections', async () => {
    await queue.close();
    await eventually(async () => expect(await store.connections()).toBe(0));
    queue = connect();
    for (let shard = 10; shard < 16; shard++) queue.consume('samples', async () => {}, { shard });
    const sends = Array.from({ length: 60 }, (_, i) =>
      queue.send('samples', { v: 1, shard: 10 + (i % 6), batch: 'x' }, { id: `c-${i}`, shard: 10 + (i % 6) }),
    );
    await Promise.all(sends);
    await eventually(() => expect(events).toHaveLength(60));
    expect(await store.connections()).toBeLessThanOrEqual(shared + 6 * perConsumer);
  });
});
