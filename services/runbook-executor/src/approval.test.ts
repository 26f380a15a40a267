/** An approval binds one plan, expires, and is used once. */
import { moveClock } from '@nightshift/db';
import { decideApproval, findIncident } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countingProvider, intend, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type World } from './testing/world.ts';

let test: TestDatabase;
let provider: Counting;
let world: World;
beforeAll(async () => (test = await testDatabase({ max: 16 })));
afterAll(() => test.close());
beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000);
  provider = countingProvider();
  const target = {
    id: 'api',
    kind: 'process' as const,
    urlEnv: 'URL',
    tokenEnv: 'TOKEN',
    process: 'api',
    actions: ['restart_service' as const, 'failover_db' as const, 'rollback_deploy' as const],
  };
  const step = { action: 'restart_service' as const, target: 'api' };
  world = makeWorld({
    db: test.db,
    services: [{ name: 'shop', targets: [target] }],
    runbooks: [{ id: 'twice', mode: 'approve', match: { type: 'service_down' }, steps: [step, step] }],
    providers: { process: provider },
  });
});

type Requested = { id: string; approvalId: string; planHash: string };

async function request(): Promise<Requested> {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  await deliver(world, id);
  const [approval] = await test.db.query<{ id: string; plan_hash: string }>(
    'SELECT id, plan_hash FROM approval WHERE incident_id = $1',
    [id],
  );
  return { id, approvalId: approval!.id, planHash: approval!.plan_hash };
}
const approve = ({ approvalId, planHash }: Requested, by = 'ada') =>
  decideApproval(test.db, { approvalId, planHash, by, verdict: 'approve' });
const why = async (id: string) => (await ledger(test.db, id)).map(({ state, detail }) => [state, detail]);
const cancelled = ['cancelled', 'not done: an earlier step did not succeed'];

describe('an approved plan', () => {
  it('is carried out, all of its steps, and its approval is spent', async () => {
    const requested = await request();
    await approve(requested);
    expect(await deliver(world, requested.id)).toBe('done');
    expect(await findIncident(test.db, requested.id)).toMatchObject({ state: 'verifying' });
    expect(provider.sent).toHaveLength(2);
    expect(await test.db.query('SELECT state FROM approval WHERE id = $1', [requested.approvalId])).toEqual([
      { state: 'used' },
    ]);
  });

  it('is carried out once, however many executors hear of it', async () => {
    const requested = await request();
    await approve(requested);
    await Promise.all(Array.from({ length: 8 }, () => deliver(world, requested.id)));
    await expect
      .poll(async () => (await deliver(world, requested.id), (await findIncident(test.db, requested.id))?.state))
      .toBe('verifying');
    expect(provider.sent).toHaveLength(2);
  });

  it('is void when a step was edited after it was read', async () => {
    for (const edit of [
      `UPDATE action SET planned = jsonb_set(planned, '{params}', '{"force": true}') WHERE incident_id = $1 AND step = 1`,
      `UPDATE action SET planned = jsonb_set(planned, '{target}', '"vault"'), target = 'vault' WHERE incident_id = $1 AND step = 0`,
      `UPDATE action SET target = 'vault' WHERE incident_id = $1 AND step = 1`,
      `DELETE FROM action WHERE incident_id = $1 AND step = 1`,
      `UPDATE action SET class = 'once' WHERE incident_id = $1 AND step = 0`,
      `UPDATE action SET type = 'clear_cache' WHERE incident_id = $1 AND step = 1`,
      `UPDATE action SET quantity = -5 WHERE incident_id = $1 AND step = 1`,
      `UPDATE action SET step = step + 7 WHERE incident_id = $1 AND step = 1`,
      `UPDATE plan SET content = jsonb_set(content, '{verify}', '{"minSamples": 1}') WHERE incident_id = $1`,
      `UPDATE plan SET content = jsonb_set(content, '{blastRadius,touches}', '[]') WHERE incident_id = $1`,
    ]) {
      const requested = await request();
      await approve(requested);
      await test.db.query(edit, [requested.id]);
      world.setCatalogue([
        {
          name: 'shop',
          targets: ['api', 'vault'].map((id) => ({
            id,
            kind: 'process',
            urlEnv: 'URL',
            tokenEnv: 'TOKEN',
            process: id,
            actions: ['restart_service'],
          })),
        },
      ]);
      await deliver(world, requested.id);
      expect((await why(requested.id))[0], edit).toEqual([
        'denied',
        'the plan was changed after it was announced: it is void',
      ]);
      expect(await findIncident(test.db, requested.id)).toMatchObject({ state: 'escalated' });
    }
    expect(provider.sent).toEqual([]);
  });

  it('is void when its new hash was written beside it: the timeline knows what was approved', async () => {
    const requested = await request();
    await approve(requested);
    await test.db.query(`UPDATE action SET plan_hash = 'new' WHERE incident_id = $1`, [requested.id]);
    await test.db.query(`UPDATE approval SET plan_hash = 'new' WHERE incident_id = $1`, [requested.id]);
    await deliver(world, requested.id);
    expect(await why(requested.id)).toEqual([['denied', 'the timeline knows of no such plan'], cancelled]);
  });

  it('expires also between the approval and the act', async () => {
    const requested = await request();
    await approve(requested);
    await test.db.query(`UPDATE approval SET expires_at = nightshift_now() WHERE id = $1`, [requested.approvalId]);
    await deliver(world, requested.id);
    expect(await why(requested.id)).toEqual([['denied', 'the approval expired before the action began'], cancelled]);
    expect(provider.sent).toEqual([]);
  });

  it('defect 32: is checked by the clock of the database when it rolls back: 59 minutes when planned, 61 when admitted', async () => {
    await test.db.query(
      `INSERT INTO deployment (id, service, version, previous_version, deployed_at) VALUES ('dep-59', 'shop', 'v2', 'v1', nightshift_now() - interval '59 minutes')`,
    );
    provider.plan = async () => ({
      ok: true,
      call: {
        params: { from: 'v2', to: 'v1' },
        precondition: { version: 'v2', deploymentId: 'dep-59', deployedAt: 0 },
        class: 'idempotent',
        summary: 'roll back',
        undo: '-',
      },
    });
    world.setRunbooks([
      { id: 'back', mode: 'approve', match: { type: 'service_down' }, steps: [{ action: 'rollback_deploy' }] },
    ]);
    const requested = await request();
    await moveClock(test.db, 2 * 60_000);
    await approve(requested);
    await deliver(world, requested.id);
    expect(await why(requested.id)).toEqual([
      ['denied', 'limit rollbackWindow: deployed 61 min ago, only the last 60 min may be rolled back'],
    ]);
    expect(provider.sent).toEqual([]);
  });
});

describe('fifty clicks at once', () => {
  it('by fifty people use the approval once; by one person count as one', async () => {
    const requested = await request();
    const clicks = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => approve(requested, `person-${i}`)));
    expect(clicks.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(Array.from({ length: 8 }, () => deliver(world, requested.id)));
    await expect
      .poll(async () => (await deliver(world, requested.id), (await findIncident(test.db, requested.id))?.state))
      .toBe('verifying');
    expect(provider.sent).toHaveLength(2);
    await expect(approve(requested, 'late')).rejects.toThrow('this approval is used already');

    world.setRunbooks([
      { id: 'fail-over', mode: 'approve', match: { type: 'service_down' }, steps: [{ action: 'failover_db' }] },
    ]);
    const failover = await request();
    const alone = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => approve(failover, i % 2 === 0 ? 'ada' : 'ADA ')),
    );
    expect(alone.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await deliver(world, failover.id);
    expect(await findIncident(test.db, failover.id)).toMatchObject({ state: 'awaiting_approval' });
    await expect(approve(failover, 'Runbook-Executor')).rejects.toThrow('who requested an action cannot approve it');
    expect(provider.sent).toHaveLength(2);
  });
});

describe('without an approval', () => {
  const remediating = async (requested: Requested) => {
    await test.db.query(`UPDATE incident SET state = 'remediating', generation = 2 WHERE id = $1`, [requested.id]);
    await insertOwed(test.db, requested.id, 'remediate', 2);
    await deliver(world, requested.id);
    return (await why(requested.id))[0];
  };

  it('nothing is done, though somebody moved the incident by hand', async () => {
    expect(await remediating(await request())).toEqual(['denied', 'the approval is pending']);
    const rejected = await request();
    await test.db.query(`UPDATE approval SET state = 'rejected' WHERE id = $1`, [rejected.approvalId]);
    expect(await remediating(rejected)).toEqual(['denied', 'the approval is rejected']);
    const used = await request();
    await test.db.query(`UPDATE approval SET state = 'used' WHERE id = $1`, [used.approvalId]);
    expect(await remediating(used)).toEqual(['denied', 'the approval was used already']);
    const none = await request();
    await test.db.query(`DELETE FROM approval WHERE id = $1`, [none.approvalId]);
    expect(await remediating(none)).toEqual(['denied', 'it needs an approval and none was asked for']);
    const other = await request();
    await test.db.query(`UPDATE approval SET state = 'approved', plan_hash = 'other' WHERE id = $1`, [
      other.approvalId,
    ]);
    expect(await remediating(other)).toEqual(['denied', 'the approval is for another plan']);
    expect(provider.sent).toEqual([]);
  });

  it('a plan that says "auto" is not enough for a warning, nor for what always needs people (defects 34 and 46)', async () => {
    const warning = await openIncident({ insertIncident, insertOwed }, test.db, { severity: 'warning' });
    await intend(test.db, warning, [{}]);
    await deliver(world, warning);
    expect(await why(warning)).toEqual([['denied', 'it needs an approval and none was asked for']]);
    const failover = await openIncident({ insertIncident, insertOwed }, test.db);
    await intend(test.db, failover, [{ type: 'failover_db', class: 'once' }]);
    await deliver(world, failover);
    expect(await why(failover)).toEqual([['denied', 'it needs an approval and none was asked for']]);
  });

  it('one person is not two', async () => {
    world.setRunbooks([
      { id: 'fail-over', mode: 'approve', match: { type: 'service_down' }, steps: [{ action: 'failover_db' }] },
    ]);
    const lowered = await request();
    await test.db.query('UPDATE approval SET required = 1 WHERE id = $1', [lowered.approvalId]);
    await approve(lowered);
    await deliver(world, lowered.id);
    expect(await why(lowered.id)).toEqual([['denied', '2 people must agree, the approval asked 1']]);
    const both = await request();
    await approve(both, 'ada');
    await approve(both, 'bob');
    await deliver(world, both.id);
    expect(await why(both.id)).toEqual([['succeeded', 'done']]);
  });
});
