import { createDatabase, dropDatabase } from '@nightshift/db/embedded';
import { connectQueue, migrateQueue } from '@nightshift/queue';
import { postgresUrl } from '@nightshift/testkit';
import { newId, type PlannedAction, type Target } from '@nightshift/types';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bullmqProvider } from './bullmq.ts';

const log = { info() {}, warn() {}, error() {} };
let url: string;
let queue: ReturnType<typeof connectQueue>;
beforeAll(async () => {
  url = await createDatabase(postgresUrl(), 'drain_provider');
  await migrateQueue(url);
  queue = connectQueue({ url, name: 'test', log });
});
afterAll(async () => {
  await queue.close();
  await dropDatabase(postgresUrl(), 'drain_provider');
});

const target: Extract<Target, { kind: 'bullmq' }> = {
  id: 'letters',
  kind: 'bullmq',
  actions: ['drain_queue'],
  urlEnv: 'QUEUE',
  queue: 'postmortem',
  prefix: 'bull',
  waitingLimit: 10,
  waitLimitSeconds: 60,
};
const signal = AbortSignal.timeout(30_000);
const plan = (env: Record<string, string> = { QUEUE: url }, params = {}) =>
  bullmqProvider.plan({ target, type: 'drain_queue', params, rollback: null, env, signal });
const waiting = async () => (await queue.depth('postmortem')).waiting;

it('defect 37: a queue is drained by moving its jobs aside; nothing to move, a wrong address or a changed target is refused', async () => {
  expect(await plan()).toMatchObject({
    ok: false,
    reason: expect.stringContaining('no job of postmortem waits') as string,
  });
  expect(await plan({})).toMatchObject({ ok: false, reason: 'QUEUE is not set' });
  expect(await plan({ QUEUE: url, QUEUE_URL: url })).toMatchObject({
    ok: false,
    reason: expect.stringContaining('a queue of Nightshift itself') as string,
  });
  expect(await plan(undefined, { all: true })).toMatchObject({ ok: false });
  for (let i = 0; i < 3; i++)
    await queue.send(
      'postmortem',
      { v: 1, incidentId: newId('inc'), stage: 'postmortem', generation: 1 },
      { id: newId('act') },
    );
  // What waits is older than the plan by at least a millisecond.
  const sentBy = Date.now();
  await vi.waitUntil(() => Date.now() > sentBy, { interval: 1 });
  const planned = await plan();
  expect(planned).toMatchObject({
    ok: true,
    call: { class: 'idempotent', precondition: { paused: false }, undo: 'nightshift queues restore letters' },
  });
  if (!planned.ok) throw new Error(planned.reason);
  const action = { ...planned.call, step: 0, type: 'drain_queue', target: 'letters' } as PlannedAction;
  const send = (to = target) =>
    bullmqProvider.send({ target: to, key: 'act-1', incidentId: 'inc-1', action, env: { QUEUE: url }, signal });
  expect(await send({ ...target, queue: 'other' })).toMatchObject({ outcome: 'refused' });
  await queue.send(
    'postmortem',
    { v: 1, incidentId: newId('inc'), stage: 'postmortem', generation: 1 },
    { id: newId('act') },
  );
  expect(await send()).toEqual({
    outcome: 'succeeded',
    detail: expect.stringMatching(/^moved 3 jobs into postmortem-quarantine; 1 stayed/) as string,
  });
  expect(await send()).toMatchObject({
    outcome: 'succeeded',
    detail: expect.stringMatching(/^moved 0 jobs/) as string,
  });
  expect(await waiting()).toBe(1);
});
