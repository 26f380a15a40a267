import { moveClock } from '@nightshift/db';
import { findIncident, timeline } from '@nightshift/lifecycle';
import { eventually, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Classification, type ActionType, type Incident, type IncidentEvent } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remediate } from './handlers/remediate.ts';
import { startControlApi, type ControlApi } from './testing/control-api.ts';
import {
  deliver,
  ledger,
  makeWorld,
  openIncident,
  type RunbookInput,
  type ServiceInput,
  type World,
} from './testing/world.ts';

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

const target = (id: string, actions: ActionType[]) => ({
  id,
  kind: 'process' as const,
  urlEnv: 'URL',
  tokenEnv: 'TOKEN',
  process: id,
  actions,
});
const services: ServiceInput[] = [
  { name: 'shop', targets: [target('api', ['restart_service', 'rollback_deploy', 'scale_up', 'failover_db'])] },
];
const restart: RunbookInput = {
  id: 'restart',
  mode: 'auto',
  match: { type: 'service_down' },
  steps: [{ action: 'restart_service' }],
};

beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000); // each test begins with unused limits
  api.effects.length = api.tricks.length = api.asked.length = 0;
  world = makeWorld({ db: test.db, services, runbooks: [restart], env: { URL: api.url, TOKEN: api.token } });
});

const open = (given: Partial<Incident> = {}) => openIncident({ insertIncident, insertOwed }, test.db, given);
const events = async <K extends IncidentEvent['kind']>(id: string, kind: K) =>
  (await timeline(test.db, id))
    .map((entry) => entry.event)
    .filter((event): event is Extract<IncidentEvent, { kind: K }> => event.kind === kind);
const deploy = (version: string, previous: string | null, minutesAgo: number, id = `dep-${version}-${Math.random()}`) =>
  test.db.query(
    `INSERT INTO deployment (id, service, version, previous_version, deployed_at) VALUES ($1, 'shop', $2, $3, nightshift_now() - $4 * interval '1 minute')`,
    [id, version, previous, minutesAgo],
  );

describe('auto', () => {
  it('acts on a critical: chosen, started, finished and remediated are on the timeline, with the runbook as it was', async () => {
    const id = await open();
    expect(await deliver(world, id)).toBe('done');
    expect((await timeline(test.db, id)).map((entry) => [entry.event.kind, entry.actor])).toEqual([
      ['runbook_chosen', 'runbook-executor'],
      ['action_started', 'runbook-executor'],
      ['action_finished', 'runbook-executor'],
      ['remediated', 'runbook-executor'],
    ]);
    expect(await findIncident(test.db, id)).toMatchObject({
      state: 'verifying',
      runbook: 'restart',
      actedAt: expect.any(Number),
    });
    expect(
      await test.db.query(`SELECT content->>'id' AS id FROM runbook_version WHERE hash = 'hash-of-restart'`),
    ).toEqual([{ id: 'restart' }]);
    expect(api.effects).toHaveLength(1);
  });

  it('defect 46: never acts on a warning without a person', async () => {
    const id = await open({ severity: 'warning' });
    await deliver(world, id);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'awaiting_approval' });
    expect(api.asked).toEqual([]);
  });

  it('defect 34: never does what always needs people, whatever the runbook says; two for a failover', async () => {
    const provider = {
      supports: ['failover_db'] as ActionType[],
      plan: async () => ({
        ok: true as const,
        call: { params: {}, precondition: {}, class: 'once' as const, summary: 'fail over', undo: '-' },
      }),
      send: () => Promise.reject(new Error('must not be sent')),
    };
    const strange = makeWorld({
      ...world,
      services,
      runbooks: [{ ...restart, id: 'fail-over', steps: [{ action: 'failover_db' }] }],
      env: world.env,
      providers: { process: provider },
    });
    const id = await open();
    await deliver(strange, id);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'awaiting_approval' });
    expect(await test.db.query('SELECT required, state FROM approval WHERE incident_id = $1', [id])).toEqual([
      { required: 2, state: 'pending' },
    ]);
  });
});

describe('approve', () => {
  it('writes plan, approval and request together, and does nothing', async () => {
    world.setRunbooks([{ ...restart, mode: 'approve' }]);
    const id = await open();
    await deliver(world, id);
    const [requested] = await events(id, 'approval_requested');
    const [approval] = await test.db.query<Record<string, unknown>>('SELECT * FROM approval WHERE incident_id = $1', [
      id,
    ]);
    expect(approval).toMatchObject({
      id: requested!.approvalId,
      plan_hash: requested!.planHash,
      state: 'pending',
      required: 1,
      requested_by: 'runbook-executor',
    });
    expect(approval!['summary']).toMatch(/^restart: 1\. restart api \(v1, running\) \(undo: /);
    expect((await findIncident(test.db, id))!.deadlineAt).toBe(requested!.expiresAt);
    expect(await ledger(test.db, id)).toMatchObject([{ state: 'planned', attempts: 0 }]);
    expect(api.asked).toEqual([]);
  });
});

describe('observe', () => {
  it('says what it would do and leaves it to a person (defect 43: dry run)', async () => {
    world.setRunbooks([
      { ...restart, mode: 'observe' },
      { ...restart, id: 'other', match: { type: 'high_latency' } },
    ]);
    const id = await open();
    await deliver(world, id);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated', actedAt: null });
    expect(await events(id, 'action_finished')).toMatchObject([
      { outcome: 'observed', target: 'api', detail: expect.stringMatching(/^would restart api/) },
    ]);
    expect((await events(id, 'remedy_failed'))[0]).toMatchObject({
      outcome: 'observed',
      detail: expect.stringContaining('other: wants type high_latency, is service_down'),
    });
    expect([await ledger(test.db, id), api.asked]).toEqual([[], []]);
  });

  it('is what a new runbook starts in', async () => {
    const { mode: _mode, ...fresh } = restart;
    world.setRunbooks([fresh]);
    const id = await open();
    await deliver(world, id);
    expect((await events(id, 'remedy_failed'))[0]).toMatchObject({ outcome: 'observed' });
  });
});

describe('no runbook', () => {
  it('pages a person with every reason', async () => {
    const id = await open({ type: 'high_latency' });
    await deliver(world, id);
    expect(await events(id, 'no_runbook')).toEqual([
      {
        kind: 'no_runbook',
        reason: 'no runbook fits',
        considered: [
          {
            runbook: 'restart',
            reason: 'wants type service_down, is high_latency',
            conditions: [{ condition: 'type service_down', actual: 'high_latency', holds: false }],
          },
        ],
      },
    ]);
    expect(
      await test.db.query(`SELECT 1 FROM outbox WHERE incident_id = $1 AND stage = 'escalate'`, [id]),
    ).toHaveLength(1);
  });

  it('where the fitting one cannot be carried out; the next one that fits is taken instead', async () => {
    const scaleTo = (add: number | string) => ({
      ...restart,
      id: 'a-scale',
      steps: [{ action: 'scale_up' as const, params: { add } }],
    });
    world.setRunbooks([scaleTo('3')]);
    const first = await open();
    await deliver(world, first);
    expect((await events(first, 'no_runbook'))[0]).toMatchObject({
      reason: 'the runbooks that fit cannot be carried out',
      considered: [
        {
          runbook: 'a-scale',
          reason: 'step 1: scale_up wants { add: 1 to 3 } or { replicas: a whole number }, not {add: "3"}',
        },
      ],
    });
    const [own] = services;
    world.setCatalogue([{ ...own!, targets: [{ ...own!.targets![0]!, instances: { min: 1, max: 1 } } as never] }]);
    world.setRunbooks([scaleTo(1)]);
    const crowded = await open();
    await deliver(world, crowded);
    expect((await events(crowded, 'no_runbook'))[0]).toMatchObject({
      considered: [{ reason: expect.stringMatching(/allows target "api" 1 to 1 instances, not \d/) as string }],
    });
    world.setCatalogue(services);
    world.setRunbooks([scaleTo(-3), restart]);
    const second = await open();
    await deliver(world, second);
    expect((await events(second, 'runbook_chosen'))[0]).toMatchObject({
      runbook: 'restart',
      considered: [{ runbook: 'a-scale' }],
    });
    expect(api.effects.map((effect) => effect.verb)).toEqual(['restart']);
  });

  it('for a service that the catalogue does not know', async () => {
    const id = await open({ service: 'nowhere' });
    await deliver(world, id);
    expect((await events(id, 'no_runbook'))[0]!.considered[0]!.reason).toBe(
      'step 1: the service nowhere is not in the catalogue',
    );
  });

  it('chooses none a second time for one incident', async () => {
    const id = await open();
    await deliver(world, id);
    const { incident } = { incident: await findIncident(test.db, id) };
    await test.db.query(`UPDATE incident SET state = 'deciding', generation = generation + 1 WHERE id = $1`, [id]);
    await insertOwed(test.db, id, 'remediate', incident!.generation + 1);
    await deliver(world, id);
    expect((await events(id, 'no_runbook'))[0]!.considered).toMatchObject([
      { runbook: 'restart', reason: 'wants to be tried once, is tried for this incident already' },
    ]);
    expect(api.effects).toHaveLength(1);
  });
});

describe('what nobody can do', () => {
  it.each(['failover_db', 'drain_queue'] as const)(
    'defect 37: %s is denied on record and pages, and the steps before it are not done (also defect 38)',
    async (action) => {
      world.setCatalogue([
        {
          name: 'shop',
          targets: [target('api', ['restart_service']), target('other', ['failover_db', 'drain_queue'])],
        },
      ]);
      world.setRunbooks([{ ...restart, steps: [{ action: 'restart_service' }, { action }] }]);
      const id = await open();
      await deliver(world, id);
      const detail = `no provider can do this: ${action} on other (process)`;
      expect(await ledger(test.db, id)).toMatchObject([
        { type: action, step: 1, state: 'denied', attempts: 0, detail },
      ]);
      expect(await events(id, 'action_finished')).toMatchObject([{ outcome: 'denied', detail }]);
      expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' });
      expect(world.counted).toEqual([{ type: action, outcome: 'denied', reason: 'no_provider' }]);
      expect(api.asked).toEqual([]);
    },
  );
});

describe('a target that cannot be asked', () => {
  it('is asked again while there is time, then a person is told', async () => {
    world = makeWorld({ db: test.db, services, runbooks: [restart], env: { URL: 'http://127.0.0.1:1', TOKEN: 'x' } });
    const id = await open();
    expect(await deliver(world, id)).toEqual({ againMs: 3_000 });
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'deciding' });
    await moveClock(test.db, 31_000);
    expect(await deliver(world, id)).toBe('done');
    expect((await events(id, 'no_runbook'))[0]!.considered[0]!.reason).toMatch(
      /^step 1: cannot ask how api is: no connection/,
    );
  });
});

describe('roll back', () => {
  const rollBack: RunbookInput = { ...restart, id: 'roll-back', steps: [{ action: 'rollback_deploy' }] };
  beforeEach(async () => {
    world.setRunbooks([rollBack]);
    await test.db.query('DELETE FROM deployment');
  });

  it('defect 45: pins the exact way from the record; repeated for a second incident, it does not undo itself', async () => {
    await deploy('v2', 'v1', 5);
    api.process('api').version = 'v2';
    await deliver(world, await open());
    expect(api.effects).toMatchObject([{ verb: 'deploy', from: 'v2', to: 'v1' }]);
    const second = await open();
    await deliver(world, second);
    expect((await events(second, 'no_runbook'))[0]!.considered[0]!.reason).toContain(
      'api runs v1, not the deployed v2',
    );
    // Even where the platform reports our rollback as a deployment of its own.
    await deploy('v1', 'v2', 0);
    const third = await open();
    await deliver(world, third);
    expect((await events(third, 'no_runbook'))[0]!.considered[0]!.reason).toBe(
      'step 1: v2 was itself rolled back: going back to it would undo that',
    );
    expect(api.effects).toHaveLength(1);
  });

  it('is refused after 60 minutes (defects 24 and 32)', async () => {
    api.process('api').version = 'v8';
    await deploy('v8', 'v7', 59);
    await moveClock(test.db, 2 * 60_000);
    const id = await open();
    await deliver(world, id);
    expect((await events(id, 'no_runbook'))[0]!.considered[0]!.reason).toBe(
      'step 1: v8: limit rollbackWindow: deployed 61 min ago, only the last 60 min may be rolled back',
    );
    expect(api.asked).toEqual([]);
  });
});

it('two executors choose at once: one plan, one effect, and the job stays owed until the plan is done', async () => {
  for (let round = 0; round < 10; round++) {
    await moveClock(test.db, 2 * 3_600_000);
    api.effects.length = 0;
    const id = await open();
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => deliver(world, id)));
    expect(outcomes.filter((outcome) => outcome === 'done').length).toBeGreaterThanOrEqual(1);
    expect(await events(id, 'runbook_chosen')).toHaveLength(1);
    expect(await ledger(test.db, id)).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
    expect(api.effects).toHaveLength(1);
  }
});

it('one that comes too late with another verdict leaves the job to the plan that is being carried out', async () => {
  const id = await open();
  const stale = (await findIncident(test.db, id))!;
  let release = () => {};
  api.tricks.push({ kind: 'hold', when: 'after', until: new Promise((resolve) => (release = resolve)) });
  const running = deliver(world, id);
  await eventually(() => expect(api.asked).toHaveLength(1));
  const late = { incident: stale, stage: 'remediate' as const, generation: 1, signal: new AbortController().signal };
  const sayNo = makeWorld({ db: test.db, services, runbooks: [], env: world.env });
  const observe = makeWorld({ db: test.db, services, runbooks: [{ ...restart, mode: 'observe' }], env: world.env });
  const ask = makeWorld({ db: test.db, services, runbooks: [{ ...restart, mode: 'approve' }], env: world.env });
  for (const other of [sayNo, observe, ask, world])
    expect(await remediate(other)(late)).toEqual({ againMs: expect.any(Number) });
  expect(
    await test.db.query(`SELECT done_at FROM outbox WHERE incident_id = $1 AND stage = 'remediate'`, [id]),
  ).toEqual([{ done_at: null }]);
  release();
  expect(await running).toBe('done');
  expect(api.effects).toHaveLength(1);
});

describe('what an incident is', () => {
  const probe = (id: string, generation: number, connected: boolean) =>
    test.db.query(
      `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
       VALUES ($1, $2, 'http_probe', 'api', 'down', $3, '', nightshift_now(), 1)`,
      [id, generation, JSON.stringify({ connected })],
    );

  it('defect 54: follows from facts once they are in: first that is recorded, then it is decided on', async () => {
    const id = await open({ type: 'unknown' });
    await probe(id, 1, false);
    expect(await deliver(world, id)).toEqual({ againMs: 0 });
    expect(await findIncident(test.db, id)).toMatchObject({ type: 'service_down', state: 'deciding' });
    expect(await events(id, 'classified')).toMatchObject([
      { was: 'unknown', type: 'service_down', rule: 'nobody-answers' },
    ]);
    expect(await deliver(world, id)).toBe('done');
    expect(await events(id, 'runbook_chosen')).toMatchObject([{ runbook: 'restart' }]);
  });

  it('is seen differently once per diagnosis: rules that contradict each other cannot go round in a circle', async () => {
    const circle = Classification.parse({
      schema: 1,
      rules: [
        { id: 'one', type: 'high_latency', from: ['unknown'], status: [{ check: 'http_probe', is: 'down' }] },
        { id: 'two', type: 'unknown', from: ['high_latency'], status: [{ check: 'http_probe', is: 'down' }] },
      ],
    });
    const id = await open({ type: 'unknown' });
    await probe(id, 1, false);
    const turning = { ...world, classification: () => circle.rules };
    await deliver(turning, id);
    expect(await deliver(turning, id)).toBe('done');
    expect([await events(id, 'classified'), await events(id, 'no_runbook')].map(({ length }) => length)).toEqual([
      1, 1,
    ]);
  });
});
