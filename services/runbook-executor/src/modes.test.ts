/** What a runbook may do for a service, and how its failures take that down. On a real database. */
import { moveClock } from '@nightshift/db';
import { changeMode, findIncident, modeChange, effectiveMode, evidenceOf, step, timeline } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import type { RunbookMode } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { admit } from './admission.ts';
import { countingProvider, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type RunbookInput, type World } from './testing/world.ts';

let test: TestDatabase;
let provider: Counting;
let world: World;
let service: string;
let services = 0;
beforeAll(async () => (test = await testDatabase()));
afterAll(() => test.close());

const restart: RunbookInput = {
  id: 'restart',
  mode: 'auto',
  match: { type: 'service_down' },
  steps: [{ action: 'restart_service', maxRetries: 0 }],
};
beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000);
  service = `shop-${services++}`;
  provider = countingProvider();
  const target = {
    id: service,
    kind: 'process' as const,
    urlEnv: 'U',
    tokenEnv: 'T',
    process: 'p',
    actions: ['restart_service' as const],
    cooldownSeconds: 0,
  };
  world = makeWorld({
    db: test.db,
    services: [{ name: service, targets: [target] }],
    runbooks: [restart],
    providers: { process: provider },
  });
});

const open = () => openIncident({ insertIncident, insertOwed }, test.db, { service });
const put = (mode: RunbookMode, hash = 'hash-of-restart') =>
  test.db.tx((tx) => changeMode(tx, { runbook: 'restart', service, mode, hash, by: 'ada', reason: 'test' }));
const modeNow = async () => effectiveMode('auto', 'hash-of-restart', await modeChange(test.db, 'restart', service));
/** One incident from its decision to the end of its remedy. */
async function once(works: boolean) {
  await moveClock(test.db, 3_600_000);
  if (!works) provider.answers.push({ outcome: 'failed', detail: 'it broke', again: false });
  const id = await open();
  await deliver(world, id);
  const incident = (await findIncident(test.db, id))!;
  if (incident.state === 'verifying')
    await step(
      test.db,
      id,
      { kind: 'recovered', detail: '', freshSamples: 3, since: incident.actedAt! },
      { actor: 'test' },
    );
  return id;
}

describe('demoted by itself', () => {
  it('after two failures in a row, in the transaction that records the second; a success between them counts', async () => {
    await once(false);
    await once(true);
    await once(false);
    expect(await modeNow()).toBe('auto');
    expect(await evidenceOf(test.db, 'restart', service)).toEqual({
      succeeded: 1,
      failed: 2,
      failedInARow: 1,
      observed: 0,
    });
    const last = await once(false);
    expect(await modeNow()).toBe('approve');
    const [failed, said] = (await timeline(test.db, last)).slice(-2);
    expect([failed!.event.kind, said!.at - failed!.at < 1_000, said!.event]).toEqual([
      'remedy_failed',
      true,
      {
        kind: 'note',
        by: 'nightshift',
        text: `runbook restart is in approve for ${service} from now on, no longer in auto: 2 failures in a row`,
      },
    ]);
    expect(await modeChange(test.db, 'restart', service)).toMatchObject({
      by: 'nightshift',
      reason: '2 failures in a row',
    });
    const asked = await open();
    await deliver(world, asked);
    expect((await findIncident(test.db, asked))!.state).toBe('awaiting_approval');
  });

  it('where it acted and nothing recovered, but not where a limit or a person stopped it', async () => {
    for (let i = 0; i < 2; i++) {
      await moveClock(test.db, 3_600_000);
      const id = await open();
      await deliver(world, id);
      await step(test.db, id, { kind: 'not_recovered', detail: '' }, { actor: 'detector' });
    }
    expect(await modeNow()).toBe('approve');
    await put('auto');
    await test.db.query(`UPDATE setting SET value = '{"on": true, "reason": ""}' WHERE key = 'kill_switch'`);
    for (let i = 0; i < 3; i++) await deliver(world, await open());
    await test.db.query(`UPDATE setting SET value = '{"on": false, "reason": ""}' WHERE key = 'kill_switch'`);
    expect(await modeNow()).toBe('auto');
  });

  it('a failure that is rolled back demotes nobody: both or neither', async () => {
    await once(false);
    const id = await open();
    await deliver(world, id);
    const failing = step(
      test.db,
      id,
      { kind: 'not_recovered', detail: '' },
      {
        actor: 'detector',
        also: () => Promise.reject(new Error('the disk is full')),
      },
    );
    await expect(failing).rejects.toThrow('the disk is full');
    expect(await modeNow()).toBe('auto');
  });
});

describe('a mode', () => {
  it('is of a runbook and a service; a demotion holds for every version, a promotion for the one that earned it', async () => {
    await put('approve');
    expect([
      await modeNow(),
      effectiveMode('auto', 'other-version', await modeChange(test.db, 'restart', service)),
    ]).toEqual(['approve', 'approve']);
    expect(await modeChange(test.db, 'restart', 'another-service')).toBeNull();
    await put('auto', 'old-version');
    const change = await modeChange(test.db, 'restart', service);
    expect([effectiveMode('observe', 'old-version', change), effectiveMode('observe', 'new-version', change)]).toEqual([
      'auto',
      'observe',
    ]);
  });

  it('that was taken down after a plan was chosen stops it before it begins, and lets it finish once it has', async () => {
    world.setRunbooks([
      { ...restart, steps: [...restart.steps, { ...restart.steps[0]!, waitUntil: { afterMs: 1_000 } }] },
    ]);
    const begun = await open();
    await deliver(world, begun);
    const chosen = await open();
    await put('observe');
    await moveClock(test.db, 2_000);
    await deliver(world, begun);
    expect((await ledger(test.db, begun)).map(({ state }) => state)).toEqual(['succeeded', 'succeeded']);
    await put('auto');
    world.setRunbooks([restart]);
    const stalled = new AbortController();
    stalled.abort();
    await deliver(world, chosen, stalled.signal).catch(() => {});
    const [action] = await ledger(test.db, chosen);
    expect(action!.state).toBe('planned');
    await put('approve');
    expect(await admit(world, action!.id, { generation: 1 })).toMatchObject({
      kind: 'refused',
      refusal: { reason: 'approval', detail: 'it needs an approval and none was asked for' },
    });
  });

  it('cannot be rewritten: changes are only ever added', async () => {
    await put('approve');
    await expect(test.db.query(`UPDATE runbook_mode SET mode = 'auto'`)).rejects.toThrow('append-only');
    await expect(test.db.query('DELETE FROM runbook_mode')).rejects.toThrow('append-only');
  });
});
