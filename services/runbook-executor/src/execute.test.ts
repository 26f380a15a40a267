/** Plans carried out against a real HTTP control API that counts what it really did. */
import { moveClock } from '@nightshift/db';
import { findIncident, timeline } from '@nightshift/lifecycle';
import { eventually, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import type { ActionType } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startControlApi, type ControlApi } from './testing/control-api.ts';
import { deliver, ledger, makeWorld, openIncident, type RunbookInput, type World } from './testing/world.ts';

let test: TestDatabase;
let api: ControlApi;
let world: World;
beforeAll(async () => {
  test = await testDatabase({ max: 16 });
  api = await startControlApi();
});
afterAll(async () => {
  await api.close();
  await test.close();
});

const actions: ActionType[] = ['restart_service', 'scale_up'];
const targets = ['api', 'worker', 'mailer'].map((id) => ({
  id,
  kind: 'process' as const,
  urlEnv: 'URL',
  tokenEnv: 'TOKEN',
  process: id,
  actions,
}));
type StepInput = RunbookInput['steps'][number];
const restart = (target: string, more: Partial<StepInput> = {}): StepInput => ({
  action: 'restart_service',
  target,
  maxRetries: 0,
  ...more,
});

beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000);
  api.effects.length = api.tricks.length = api.asked.length = 0;
  world = makeWorld({
    db: test.db,
    services: [{ name: 'shop', targets }],
    runbooks: [],
    env: { URL: api.url, TOKEN: api.token },
  });
});

/** Another one every time: two failures in a row of one would take it down. */
let runbooks = 0;
function open(...steps: StepInput[]): Promise<string> {
  world.setRunbooks([{ id: `r-${++runbooks}`, mode: 'auto', match: { type: 'service_down' }, steps }]);
  return openIncident({ insertIncident, insertOwed }, test.db);
}
/** Delivers until the job is done, moving the clock over each pause. Returns the pauses. */
async function finish(id: string): Promise<number[]> {
  const pauses: number[] = [];
  for (;;) {
    const outcome = await deliver(world, id);
    if (typeof outcome === 'string') return pauses;
    pauses.push(outcome.againMs);
    await moveClock(test.db, outcome.againMs);
  }
}
const notes = async (id: string) =>
  (await timeline(test.db, id)).flatMap(({ event }) => (event.kind === 'note' ? [event.text] : []));

describe('exactly one effect per action', () => {
  it('though its job is delivered by eight executors at once, again and again (defect 43)', async () => {
    let release = () => {};
    api.tricks.push({ kind: 'hold', when: 'after', until: new Promise((resolve) => (release = resolve)) });
    const id = await open(restart('api'), restart('worker'));
    const first = deliver(world, id);
    await eventually(() => expect(api.asked).toHaveLength(1));
    const others = await Promise.all(Array.from({ length: 16 }, () => deliver(world, id)));
    expect(others.every((outcome) => typeof outcome === 'object')).toBe(true);
    release();
    expect(await first).toBe('done');
    expect(await Promise.all(Array.from({ length: 8 }, () => deliver(world, id)))).toEqual(Array(8).fill('not_owed'));
    expect(api.effects.map(({ process }) => process)).toEqual(['api', 'worker']);
    expect(api.asked).toHaveLength(2);
  });

  it('though its answer was lost: the same key again changes nothing', async () => {
    api.tricks.push({ kind: 'hang_up', when: 'after' });
    const id = await open(restart('api', { maxRetries: 1 }));
    expect(await finish(id)).toEqual([1_000]);
    expect(api.asked.map(({ key }) => key)).toEqual(Array(2).fill((await ledger(test.db, id))[0]!.id));
    expect(api.effects).toHaveLength(1);
    expect(await ledger(test.db, id)).toMatchObject([
      { state: 'succeeded', attempts: 2, detail: 'api is running at v1; this key had been applied before' },
    ]);
  });

  it('though the other side forgot the key: the pinned instance refuses, and nobody claims to know', async () => {
    api.tricks.push({ kind: 'hang_up', when: 'after' });
    const id = await open(restart('api', { maxRetries: 1 }));
    await deliver(world, id);
    api.forgetKeys();
    await moveClock(test.db, 1_000);
    await deliver(world, id);
    expect(api.effects).toHaveLength(1);
    expect(await ledger(test.db, id)).toMatchObject([{ state: 'unknown' }]);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' });
  });
});

describe('retries and time-outs are as declared', () => {
  const broken = { kind: 'answer' as const, status: 500, text: 'cannot start: no memory' };

  it('defect 29: two retries mean three attempts, with pauses that Postgres keeps, each on the timeline', async () => {
    api.tricks.push(broken, broken);
    const id = await open(restart('api', { maxRetries: 2 }));
    expect(await finish(id)).toEqual([1_000, 2_000]);
    expect(await ledger(test.db, id)).toMatchObject([{ state: 'succeeded', attempts: 3 }]);
    expect(await notes(id)).toEqual([
      'attempt 1 at "restart api (v1, running)" failed, again in 1 s: answered 500: cannot start: no memory',
      'attempt 2 at "restart api (v1, running)" failed, again in 2 s: answered 500: cannot start: no memory',
    ]);
  });

  it('and not a fourth', async () => {
    api.tricks.push(broken, broken, broken, broken);
    const id = await open(restart('api', { maxRetries: 2 }));
    await finish(id);
    expect(api.asked).toHaveLength(3);
    expect(await ledger(test.db, id)).toMatchObject([
      { state: 'failed', attempts: 3, detail: 'answered 500: cannot start: no memory' },
    ]);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated', actedAt: null });
  });

  it('the pause is kept though the job is delivered at once', async () => {
    api.tricks.push(broken);
    const id = await open(restart('api', { maxRetries: 1 }));
    await deliver(world, id);
    expect(await deliver(world, id)).toEqual({ againMs: expect.any(Number) });
    expect(api.asked).toHaveLength(1);
  });

  it('defect 30: an answer that does not come is waited for no longer than declared, and its effect is not repeated', async () => {
    let release = () => {};
    api.tricks.push({ kind: 'hold', when: 'after', until: new Promise((resolve) => (release = resolve)) });
    const id = await open(restart('api', { timeoutMs: 200, maxRetries: 1 }));
    const started = performance.now();
    expect(await deliver(world, id)).toEqual({ againMs: 1_000 });
    expect(performance.now() - started).toBeLessThan(3_000);
    await moveClock(test.db, 1_000);
    expect(await deliver(world, id)).toBe('done');
    expect(await ledger(test.db, id)).toMatchObject([{ state: 'succeeded', attempts: 2 }]);
    expect(api.effects).toHaveLength(1);
    release();
  });
});

describe('a plan stops', () => {
  it('defect 35: at the first failure', async () => {
    const id = await open(restart('api'), restart('worker'), restart('mailer'));
    api.tricks.push({ kind: 'answer', status: 409, text: 'no' });
    await finish(id);
    expect((await ledger(test.db, id)).map(({ state }) => state)).toEqual(['failed', 'cancelled', 'cancelled']);
    expect(api.asked).toHaveLength(1);
    expect((await timeline(test.db, id)).at(-1)!.event).toEqual({
      kind: 'remedy_failed',
      outcome: 'failed',
      detail: 'restart api (v1, running): answered 409: no',
    });
  });

  it('defect 35: at the first denial', async () => {
    for (let i = 0; i < 2; i++) await finish(await open(restart('worker')));
    const id = await open(restart('api'), restart('worker'), restart('mailer'));
    await finish(id);
    expect((await ledger(test.db, id)).map(({ state }) => state)).toEqual(['succeeded', 'denied', 'cancelled']);
    expect(api.effects.map(({ process }) => process)).toEqual(['worker', 'worker', 'api']);
    expect(world.counted.at(-1)).toEqual({ type: 'restart_service', outcome: 'denied', reason: 'restartsPerTarget' });
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' });
  });

  it('when its job’s time is over, and goes on with the next delivery', async () => {
    const id = await open(restart('api'), restart('worker'));
    const over = new AbortController();
    world.count = () => over.abort();
    expect(await deliver(world, id, over.signal)).toEqual({ againMs: 0 });
    expect(api.effects.map(({ process }) => process)).toEqual(['api']);
    world.count = () => {};
    await finish(id);
    expect(api.effects.map(({ process }) => process)).toEqual(['api', 'worker']);
  });

  it('when the catalogue takes the permission back between plan and act', async () => {
    let release = () => {};
    api.tricks.push({ kind: 'hold', when: 'after', until: new Promise((resolve) => (release = resolve)) });
    const id = await open(restart('api'), restart('worker'));
    const running = deliver(world, id);
    await eventually(() => expect(api.asked).toHaveLength(1));
    world.setCatalogue([{ name: 'shop', targets: [{ ...targets[0]! }, { ...targets[1]!, actions: [] }] }]);
    release();
    await running;
    expect(await ledger(test.db, id)).toMatchObject([
      { state: 'succeeded' },
      { state: 'denied', detail: 'the catalogue no longer allows restart_service on worker' },
    ]);
  });
});

it('keeps what a provider said, without its secrets, and no more than is useful (defect 27)', async () => {
  api.tricks.push({
    kind: 'answer',
    status: 400,
    text: `postgres://shop:hunter2@db/shop refused; token=abcdef123456; ${'x'.repeat(100_000)}`,
  });
  const id = await open(restart('api'));
  await finish(id);
  const detail = (await ledger(test.db, id))[0]!.detail!;
  expect(detail).toMatch(/^answered 400: postgres:\/\/shop:\*\*\*@db\/shop refused; token=\*\*\*;/);
  expect(detail.length).toBe(4_000);
  const everything = JSON.stringify(await timeline(test.db, id));
  for (const secret of ['hunter2', 'abcdef123456']) expect(everything).not.toContain(secret);
});

it('two scale-ups planned for the same number add it once', async () => {
  const scale: StepInput = { action: 'scale_up', target: 'mailer', params: { add: 1 }, maxRetries: 0 };
  const [one, other] = [await open(scale), await open(scale)];
  let release = () => {};
  api.tricks.push({ kind: 'hold', when: 'before', until: new Promise((resolve) => (release = resolve)) });
  const first = finish(one);
  await eventually(() => expect(api.asked).toHaveLength(1));
  expect(await deliver(world, other)).toMatchObject({ againMs: expect.any(Number) }); // planned while there still was one
  release();
  await first;
  await finish(other);
  expect((await ledger(test.db, other))[0]).toMatchObject({ attempts: 1 });
  expect(api.process('mailer').replicas).toBe(2);
});
