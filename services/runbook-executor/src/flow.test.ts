/** Steps that depend on each other, and steps that wait: on a real database, with its clock moved instead of waiting. */
import { moveClock } from '@nightshift/db';
import { findIncident, timeline } from '@nightshift/lifecycle';
import { explain } from '@nightshift/runbooks';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countingProvider, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type RunbookInput, type World } from './testing/world.ts';

let test: TestDatabase;
let provider: Counting;
let world: World;
beforeAll(async () => (test = await testDatabase({ max: 12 })));
afterAll(() => test.close());

const target = (id: string) => ({ id, kind: 'process' as const, urlEnv: 'U', tokenEnv: 'T', process: id });
const services = [
  { name: 'shop', targets: [{ ...target('api'), actions: ['restart_service', 'clear_cache'] as const }] },
].map(({ name, targets }) => ({ name, targets: targets.map((each) => ({ ...each, actions: [...each.actions] })) }));
const failing = { outcome: 'failed' as const, detail: 'it broke', again: false };
const queueIsShort = { check: 'queue_backlog' as const, fact: 'waiting', op: '<' as const, value: 10 };

beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000);
  provider = countingProvider();
  world = makeWorld({ db: test.db, services, runbooks: [], providers: { process: provider } });
});

/** Another one for every test: failures of one take it down. */
let runbooks = 0;
async function begin(steps: RunbookInput['steps']): Promise<string> {
  world.setRunbooks([{ id: `r-${++runbooks}`, mode: 'auto', match: { type: 'service_down' }, steps }]);
  return openIncident({ insertIncident, insertOwed }, test.db);
}
const states = async (id: string) => (await ledger(test.db, id)).map(({ state }) => state);
const stateOf = async (id: string) => (await findIncident(test.db, id))!.state;
const look = async (id: string, waiting: number, generation: number) => {
  await test.db.query(
    `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
     VALUES ($1, $2, 'queue_backlog', 'api', 'degraded', $3, '', nightshift_now(), 1)`,
    [id, generation, JSON.stringify({ waiting })],
  );
  await test.db.query(`UPDATE outbox SET done_at = nightshift_now() WHERE incident_id = $1 AND stage = 'diagnose'`, [
    id,
  ]);
};
const owedLooks = (id: string) =>
  test.db.query<{ generation: number }>(
    `SELECT generation FROM outbox WHERE incident_id = $1 AND stage = 'diagnose' AND done_at IS NULL`,
    [id],
  );

describe('a step that fails for certain', () => {
  const steps: RunbookInput['steps'] = [
    { action: 'restart_service', maxRetries: 0, onFailure: [{ action: 'clear_cache', maxRetries: 0 }] },
    { id: 'last', action: 'clear_cache', maxRetries: 0 },
  ];

  it('is answered by what stands in for it, each effect once though the job comes to eight at once; then the plan goes on', async () => {
    const id = await begin(steps);
    provider.answers.push(failing);
    await Promise.all(Array.from({ length: 8 }, () => deliver(world, id)));
    while ((await stateOf(id)) === 'remediating') await deliver(world, id);
    expect(await states(id)).toEqual(['failed', 'succeeded', 'succeeded']);
    expect(provider.sent.map(({ action }) => action.type)).toEqual(['restart_service', 'clear_cache', 'clear_cache']);
    expect(await stateOf(id)).toBe('verifying');
  });

  it('is not answered when its outcome is unknown, or when what stands in fails as well: a person is told', async () => {
    const unknown = await begin(steps);
    provider.answers.push({ outcome: 'uncertain', detail: 'no answer' });
    await deliver(world, unknown);
    expect([await states(unknown), await stateOf(unknown)]).toEqual([
      ['unknown', 'cancelled', 'cancelled'],
      'escalated',
    ]);
    await moveClock(test.db, 2 * 3_600_000);
    const both = await begin(steps);
    provider.answers.push(failing, failing);
    await deliver(world, both);
    expect([await states(both), await stateOf(both)]).toEqual([['failed', 'failed', 'cancelled'], 'escalated']);
  });

  it('where it succeeds, what stands in is not needed, and says so', async () => {
    const id = await begin(steps);
    await deliver(world, id);
    expect([await states(id), await stateOf(id)]).toEqual([['succeeded', 'skipped', 'succeeded'], 'verifying']);
    expect((await timeline(test.db, id)).map(({ event }) => (event.kind === 'note' ? event.text : ''))).toContain(
      'step 2 (do it) is not needed: step 1 did not fail',
    );
    expect((await explain(test.db, id)).actions.map(({ state }) => state)).toContain('skipped');
  });
});

describe('a step that waits', () => {
  it('defect 48: for a time: by the database clock, held by no process', async () => {
    const id = await begin([{ action: 'restart_service' }, { action: 'clear_cache', waitUntil: { afterMs: 60_000 } }]);
    const first = await deliver(world, id);
    expect(first).toEqual({ againMs: expect.any(Number) as number });
    expect((first as { againMs: number }).againMs).toBeGreaterThan(50_000);
    await moveClock(test.db, 59_000);
    expect(await deliver(world, id)).toMatchObject({ againMs: expect.any(Number) as number });
    expect(provider.sent).toHaveLength(1);
    await moveClock(test.db, 61_000 - 59_000);
    expect(await deliver(world, id)).toBe('done');
    expect([await states(id), await stateOf(id)]).toEqual([['succeeded', 'succeeded'], 'verifying']);
  });

  const waiting: RunbookInput['steps'] = [
    { action: 'restart_service' },
    {
      action: 'clear_cache',
      waitUntil: { ...queueIsShort, withinMs: 60_000 },
      onFailure: [{ action: 'restart_service' }],
    },
  ];

  it('for a fact: a fresh look is owed, once, and only what was seen after the step before counts', async () => {
    const id = await begin(waiting);
    await look(id, 1, 1); // from before: it says nothing of now
    await moveClock(test.db, 6_000);
    await Promise.all(Array.from({ length: 4 }, () => deliver(world, id)));
    await moveClock(test.db, 6_000);
    expect(await deliver(world, id)).toEqual({ againMs: 1_000 });
    const owed = await owedLooks(id);
    expect(owed).toHaveLength(1);
    await look(id, 50, owed[0]!.generation);
    expect(await deliver(world, id)).toEqual({ againMs: 1_000 });
    expect(await owedLooks(id)).toEqual([]); // it was looked just now
    await moveClock(test.db, 6_000);
    await deliver(world, id);
    const [again] = await owedLooks(id);
    await look(id, 9, again!.generation);
    expect(await deliver(world, id)).toBe('done');
    expect([await states(id), await stateOf(id)]).toEqual([['succeeded', 'succeeded', 'skipped'], 'verifying']);
  });

  it('in vain: that is a failure, and is answered like one', async () => {
    const id = await begin(waiting);
    await deliver(world, id);
    await moveClock(test.db, 61_000);
    await deliver(world, id);
    expect([await states(id), await stateOf(id)]).toEqual([['succeeded', 'failed', 'succeeded'], 'verifying']);
    expect((await ledger(test.db, id))[1]!.detail).toBe('waited 60 s for queue_backlog.waiting < 10, it is not known');
    expect(provider.sent.map(({ action }) => action.type)).toEqual(['restart_service', 'restart_service']);
  });
});

it('an incident under way keeps the version of the runbook that it started with', async () => {
  const id = await begin([{ action: 'restart_service' }, { action: 'clear_cache', waitUntil: { afterMs: 10_000 } }]);
  await deliver(world, id);
  world.setRunbooks([
    { id: `r-${runbooks}`, mode: 'observe', match: { type: 'service_down' }, steps: [{ action: 'restart_service' }] },
  ]);
  await moveClock(test.db, 11_000);
  await deliver(world, id);
  expect(provider.sent.map(({ action }) => action.type)).toEqual(['restart_service', 'clear_cache']);
  const [kept] = await test.db.query<{ steps: unknown[] }>(
    `SELECT content->'steps' AS steps FROM runbook_version WHERE hash = $1`,
    [`hash-of-r-${runbooks}`],
  );
  expect(kept!.steps).toHaveLength(2);
});
