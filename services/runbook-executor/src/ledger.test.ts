/** Leases, fences and classes: what happens to an action whose executor vanished, and to an executor that comes back. */
import { moveClock } from '@nightshift/db';
import { findIncident, step, timeline } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { actionLimits, type PlannedAction } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { admit, type Admitted } from './admission.ts';
import { perform } from './perform.ts';
import { reconcile } from './reconcile.ts';
import { record } from './record.ts';
import { countingProvider, intend, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type World } from './testing/world.ts';

let test: TestDatabase;
let provider: Counting;
let world: World;
const leaseMs = 30_000 + actionLimits.leaseMarginMs;
const job = { generation: 1 };
const never = new AbortController().signal;
const succeeded = { outcome: 'succeeded' as const, detail: 'done' };

beforeAll(async () => (test = await testDatabase({ max: 16 })));
afterAll(() => test.close());
beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000);
  provider = countingProvider();
  const targets = ['api', 'worker'].map((id) => ({
    id,
    kind: 'process' as const,
    urlEnv: 'URL',
    tokenEnv: 'TOKEN',
    process: id,
    actions: ['restart_service' as const],
  }));
  world = makeWorld({
    db: test.db,
    services: [{ name: 'shop', targets }],
    runbooks: [],
    providers: { process: provider },
  });
});

async function planned(
  ...actions: Partial<PlannedAction>[]
): Promise<{ id: string; actionId: string; actionIds: string[] }> {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  const actionIds = await intend(test.db, id, actions.length > 0 ? actions : [{}]);
  return { id, actionId: actionIds[0]!, actionIds };
}
const admitNow = (actionId: string) => admit(world, actionId, job);
async function admitted(actionId: string): Promise<Admitted> {
  const admission = await admitNow(actionId);
  if (admission.kind !== 'admitted') throw new Error(`expected to be admitted, is ${admission.kind}`);
  return admission;
}
const rows = (id: string) =>
  test.db.query<Record<string, unknown>>(
    'SELECT state, attempts, fence, detail FROM action WHERE incident_id = $1 ORDER BY step',
    [id],
  );

describe('a lease', () => {
  it('keeps others out while it lasts: the same action, and any other on the target', async () => {
    const [mine, other, elsewhere] = [await planned(), await planned(), await planned({ target: 'worker' })];
    await admitted(mine.actionId);
    expect(await admitNow(mine.actionId)).toEqual({ kind: 'busy', againMs: expect.closeTo(leaseMs, -3) });
    expect(await deliver(world, other.id)).toEqual({ againMs: expect.closeTo(leaseMs, -3) });
    expect(await deliver(world, elsewhere.id)).toBe('done');
    expect(provider.sent.map((request) => request.action.target)).toEqual(['worker']);
  });

  it('ends by the clock of the database, and frees the target', async () => {
    const [mine, other] = [await planned(), await planned()];
    await admitted(mine.actionId);
    await moveClock(test.db, leaseMs + 1);
    expect((await admitNow(other.actionId)).kind).toBe('admitted');
  });

  it('is looked at once more before sending: a process that was stopped meanwhile sends nothing', async () => {
    const mine = await planned();
    const admission = await admitted(mine.actionId);
    const late = { ...admission, leaseEndsAt: performance.now() + actionLimits.leaseMarginMs / 2 };
    expect(await perform(world, late, never)).toMatchObject({
      outcome: 'failed',
      again: true,
      detail: 'not sent: the lease was nearly over',
    });
    expect(provider.sent).toEqual([]);
  });

  it('outlives the send: the signal ends it in time (defects 20 and 30)', async () => {
    const mine = await planned({ timeoutMs: 100 });
    const admission = await admitted(mine.actionId);
    let aborted = false;
    provider.send = ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => ((aborted = true), reject(new Error('aborted')))),
      );
    const started = performance.now();
    expect(await perform(world, admission, never)).toEqual({ outcome: 'uncertain', detail: 'no answer in time' });
    expect([aborted, performance.now() < admission.leaseEndsAt, performance.now() - started < 2_000]).toEqual([
      true,
      true,
      true,
    ]);
  });
});

describe('a fence', () => {
  it('lets a stale executor write nothing', async () => {
    const mine = await planned();
    const stale = await admitted(mine.actionId);
    await moveClock(test.db, leaseMs + 1);
    const fresh = await admitted(mine.actionId);
    expect(fresh).toMatchObject({ fence: stale.fence + 1, attempt: 2, recovered: true });
    const before = await timeline(test.db, mine.id);
    expect(await record(test.db, stale, { outcome: 'failed', detail: 'too late', again: false }, job)).toEqual({
      kind: 'fenced',
    });
    expect(await rows(mine.id)).toMatchObject([{ state: 'dispatching', fence: 2 }]);
    expect(await timeline(test.db, mine.id)).toEqual(before);
    expect(await record(test.db, fresh, succeeded, job)).toMatchObject({ kind: 'ended', state: 'succeeded' });
    expect(await record(test.db, fresh, succeeded, job)).toEqual({ kind: 'fenced' });
    expect(await findIncident(test.db, mine.id)).toMatchObject({ state: 'verifying' });
  });
});

describe('an action whose executor vanished while sending', () => {
  const vanish = async (given: Partial<PlannedAction>) => {
    const mine = await planned(given, { target: 'worker' });
    await admitted(mine.actionId);
    await moveClock(test.db, leaseMs + 1);
    return mine;
  };

  it('is sent again under the same key where that is harmless', async () => {
    const mine = await vanish({ class: 'idempotent' });
    expect(await deliver(world, mine.id)).toBe('done');
    expect(provider.sent.map((request) => request.key)).toEqual(mine.actionIds);
    expect(await rows(mine.id)).toMatchObject([
      { state: 'succeeded', attempts: 2 },
      { state: 'succeeded', attempts: 1 },
    ]);
  });

  it.each([
    ['done', 'succeeded', 0],
    ['not_done', 'succeeded', 1],
    ['unknown', 'unknown', 0],
  ] as const)('is asked about where it can be: %s', async (answer, state, sent) => {
    provider.probe = async () => answer;
    const mine = await vanish({ class: 'probe' });
    await deliver(world, mine.id);
    expect((await rows(mine.id))[0]).toMatchObject({ state });
    expect(provider.sent.filter((request) => request.key === mine.actionId)).toHaveLength(sent);
  });

  it('is unknown and pages where it can be neither, and is never repeated', async () => {
    const mine = await vanish({ class: 'once', maxRetries: 5 });
    await deliver(world, mine.id);
    const detail =
      'it may have happened, and is not sent again: its executor vanished while sending, and it can be neither repeated nor asked about';
    expect(await rows(mine.id)).toMatchObject([{ state: 'unknown', detail }, { state: 'cancelled' }]);
    expect(await findIncident(test.db, mine.id)).toMatchObject({ state: 'escalated' });
    expect(provider.sent).toEqual([]);
  });

  it('is unknown, not denied, when a limit or switch stands against the repeat', async () => {
    const mine = await vanish({});
    world.setCatalogue([]);
    await deliver(world, mine.id);
    expect((await rows(mine.id))[0]).toMatchObject({
      state: 'unknown',
      detail: 'it may have happened, and is not sent again: api is no longer in the catalogue',
    });
  });

  it('is not taken up for ever', async () => {
    const mine = await planned();
    for (let died = 0; died < 4; died++) {
      await admitted(mine.actionId);
      await moveClock(test.db, leaseMs + 1);
    }
    await deliver(world, mine.id);
    expect((await rows(mine.id))[0]).toMatchObject({ state: 'unknown', attempts: 4 });
  });
});

describe('a person who was faster', () => {
  const resolve = (id: string) =>
    step(test.db, id, { kind: 'resolved_by_person', by: 'ada', reason: '' }, { actor: 'ada' });

  it('before it began: nothing is sent (defect 53)', async () => {
    const mine = await planned({}, { target: 'worker' });
    await resolve(mine.id);
    expect(await admitNow(mine.actionId)).toEqual({ kind: 'ended' });
    expect(await rows(mine.id)).toMatchObject([
      { state: 'cancelled', detail: 'not done: the incident is resolved' },
      { state: 'planned' },
    ]);
    await reconcile(test.db);
    expect(await rows(mine.id)).toMatchObject([{ state: 'cancelled' }, { state: 'cancelled' }]);
  });

  it('while it was sent: what happened is recorded, the rest is not done, and the verdict stands', async () => {
    const mine = await planned({}, { target: 'worker' });
    const send = provider.send.bind(provider);
    provider.send = async (request) => (await resolve(mine.id), send(request));
    await deliver(world, mine.id);
    expect(await rows(mine.id)).toMatchObject([{ state: 'succeeded' }, { state: 'cancelled' }]);
    expect(await findIncident(test.db, mine.id)).toMatchObject({ state: 'resolved', resolution: 'person' });
    expect(provider.sent).toHaveLength(1);
  });

  it('while its executor was dead: what may have happened is said on the timeline, and nothing is sent', async () => {
    const mine = await planned({}, { target: 'worker' });
    await admitted(mine.actionId);
    await resolve(mine.id);
    await reconcile(test.db);
    expect((await rows(mine.id))[0]).toMatchObject({ state: 'dispatching' });
    await moveClock(test.db, leaseMs + 1);
    await reconcile(test.db);
    const detail = 'it may have happened: its executor vanished, and then the incident was resolved';
    expect(await rows(mine.id)).toMatchObject([{ state: 'unknown', detail }, { state: 'cancelled' }]);
    expect((await timeline(test.db, mine.id)).at(-1)!.event).toMatchObject({
      kind: 'action_finished',
      outcome: 'unknown',
      detail,
    });
    expect(await findIncident(test.db, mine.id)).toMatchObject({ state: 'resolved', resolution: 'person' });
    expect(provider.sent).toEqual([]);
  });
});

it('an approval that nobody decided on is marked expired', async () => {
  const { id } = await planned();
  await test.db.query(
    `INSERT INTO approval VALUES ('apr-old', $1, 9, 'h', 'r', 's', 1, 'runbook-executor', nightshift_now(), nightshift_now() - interval '1 second', 'pending')`,
    [id],
  );
  await reconcile(test.db);
  expect(await test.db.query(`SELECT state FROM approval WHERE id = 'apr-old'`)).toEqual([{ state: 'expired' }]);
});

it('a success survives a database that is away for a moment', async () => {
  const mine = await planned();
  const admission = await admitted(mine.actionId);
  let failures = 3;
  const shaky = {
    ...test.db,
    tx: ((work) => (failures-- > 0 ? Promise.reject(new Error('away')) : test.db.tx(work))) as typeof test.db.tx,
  };
  expect(await record(shaky, admission, succeeded, job)).toMatchObject({ state: 'succeeded' });
  const away = { ...test.db, tx: () => Promise.reject(new Error('away')) };
  await expect(record(away, { ...admission, leaseEndsAt: performance.now() + 400 }, succeeded, job)).rejects.toThrow(
    'away',
  );
  expect(await ledger(test.db, mine.id)).toMatchObject([{ state: 'succeeded' }]);
});
