import { moveClock } from '@nightshift/db';
import { eventually, insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import type { IncidentEvent } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decideApproval, findIncident, raise, runStage, step, timeline, type Alarm, type StepResult } from './index.ts';

let test: TestDatabase;
beforeAll(async () => (test = await testDatabase({ max: 16 })));
afterAll(() => test.close());

const diagnosed: IncidentEvent = { kind: 'diagnosed', results: [] };
const outbox = (id: string) =>
  test.db.query(
    'SELECT stage, generation, done_at IS NOT NULL AS done FROM outbox WHERE incident_id = $1 ORDER BY 2, 1',
    [id],
  );

const alarm = (service: string): Alarm => ({
  service,
  type: 'high_error_rate',
  severity: 'critical',
  title: `${service}: errors`,
  onsetAt: Date.now(),
  reason: 'two criticals',
  anomalies: [],
});

describe('one transaction per step', () => {
  it('commits state, timeline, outbox and what belongs to it together', async () => {
    const id = await insertIncident(test.db, { service: 'together' });
    await step(test.db, id, diagnosed, {
      actor: 'diagnostics',
      also: async (tx) => void (await tx.query(`INSERT INTO setting VALUES ('together', '1', 'test')`)),
    });
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'deciding', version: 2, generation: 2 });
    expect(await timeline(test.db, id)).toMatchObject([
      { seq: 1, from: 'diagnosing', to: 'deciding', actor: 'diagnostics' },
    ]);
    expect(await outbox(id)).toEqual([{ stage: 'remediate', generation: 2, done: false }]);
    expect(await test.db.query(`SELECT 1 FROM setting WHERE key = 'together'`)).toHaveLength(1);
  });

  it('leaves nothing behind when it dies before the commit', async () => {
    const id = await insertIncident(test.db, { service: 'dies' });
    const death = step(test.db, id, diagnosed, {
      actor: 'diagnostics',
      also: () => Promise.reject(new Error('killed')),
    });
    await expect(death).rejects.toThrow('killed');
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'diagnosing', version: 1 });
    expect([await timeline(test.db, id), await outbox(id)]).toEqual([[], []]);
  });

  it('lets exactly one of many concurrent copies through, and loses no note beside it', async () => {
    const id = await insertIncident(test.db, { service: 'race' });
    const copies = Array.from({ length: 10 }, () => step(test.db, id, diagnosed, { actor: 'diagnostics' }));
    const notes = Array.from({ length: 10 }, (_, i) =>
      step(test.db, id, { kind: 'note', by: 'ada', text: `${i}` }, { actor: 'ada' }),
    );
    const accepted = (await Promise.all(copies)).filter((result) => result.accepted);
    await Promise.all(notes);
    expect(accepted).toHaveLength(1);
    const entries = await timeline(test.db, id);
    expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    expect(await outbox(id)).toHaveLength(1);
  });

  it('decides again when it was overtaken between reading and writing', async () => {
    const id = await insertIncident(test.db, { service: 'overtaken' });
    let second!: Promise<StepResult>;
    const blocked = () =>
      eventually(async () =>
        expect(
          await test.db.query(
            `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
          ),
        ).toHaveLength(1),
      );
    const first = await step(
      test.db,
      id,
      { kind: 'resolved_by_person', by: 'ada', reason: '' },
      {
        actor: 'ada',
        async also() {
          // The other one has read "diagnosing" and now waits for the row.
          second = step(test.db, id, diagnosed, { actor: 'diagnostics' });
          await blocked();
        },
      },
    );
    expect([first.accepted, await second]).toEqual([
      true,
      { accepted: false, reason: 'too late: the incident is resolved' },
    ]);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'resolved', resolution: 'person', version: 2 });
  });

  it('keeps the timeline append-only', async () => {
    const id = await insertIncident(test.db, { service: 'history' });
    await step(test.db, id, { kind: 'note', by: 'ada', text: 'was here' }, { actor: 'ada' });
    await expect(test.db.query('UPDATE event SET actor = $1', ['nobody'])).rejects.toThrow('append-only');
    await expect(test.db.query('DELETE FROM event')).rejects.toThrow('append-only');
  });

  it('refuses an open state without a deadline in the database itself', async () => {
    const id = await insertIncident(test.db, { service: 'deadline' });
    await expect(test.db.query('UPDATE incident SET deadline_at = NULL WHERE id = $1', [id])).rejects.toThrow(
      'check constraint',
    );
  });
});

describe('raising', () => {
  it('opens one incident per service, however many detectors say so at once (defect 14)', async () => {
    const raised = await Promise.all(
      Array.from({ length: 12 }, () => test.db.tx((tx) => raise(tx, alarm('storm'), 'detector'))),
    );
    expect(new Set(raised.map((each) => each.incidentId)).size).toBe(1);
    expect(raised.filter((each) => each.outcome === 'opened')).toHaveLength(1);
    expect(await outbox(raised[0]!.incidentId)).toEqual([{ stage: 'diagnose', generation: 1, done: false }]);
  });

  it('stays silent after "false positive" until the window has passed, then opens anew', async () => {
    const first = await test.db.tx((tx) => raise(tx, alarm('moody'), 'detector'));
    await step(test.db, first.incidentId, { kind: 'marked_false_positive', by: 'ada', reason: '' }, { actor: 'ada' });
    expect((await test.db.tx((tx) => raise(tx, alarm('moody'), 'detector'))).outcome).toBe('suppressed');
    await moveClock(test.db, 11 * 60_000);
    await step(test.db, first.incidentId, { kind: 'deadline_passed', state: 'resolved' }, { actor: 'sweeper' });
    expect((await test.db.tx((tx) => raise(tx, alarm('moody'), 'detector'))).outcome).toBe('opened');
  });
});

describe('stage jobs', () => {
  const never = new AbortController().signal;
  const job = (incidentId: string, generation: number) => ({
    v: 1 as const,
    incidentId,
    stage: 'remediate' as const,
    generation,
  });

  it('have no effect when nobody owes them: forged or repeated', async () => {
    const id = await insertIncident(test.db, { service: 'forged', state: 'deciding' });
    let ran = 0;
    const handler = async () => (ran++, 'done' as const);
    expect(await runStage(test.db, job(id, 7), never, handler)).toBe('not_owed');
    expect(ran).toBe(0);
  });

  it('are finished without effect when a person was faster', async () => {
    const { incidentId } = await test.db.tx((tx) => raise(tx, alarm('faster'), 'detector'));
    await step(test.db, incidentId, diagnosed, { actor: 'diagnostics' });
    await step(test.db, incidentId, { kind: 'resolved_by_person', by: 'ada', reason: '' }, { actor: 'ada' });
    expect(await runStage(test.db, job(incidentId, 2), never, () => Promise.reject(new Error('must not run')))).toBe(
      'overtaken',
    );
  });

  it('stay owed when the handler throws, and come later when it asks for it', async () => {
    const id = await insertIncident(test.db, { service: 'again', state: 'diagnosing' });
    await step(test.db, id, diagnosed, { actor: 'diagnostics' });
    await expect(runStage(test.db, job(id, 2), never, () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    );
    expect(await outbox(id)).toMatchObject([{ done: false }]);
    await runStage(test.db, job(id, 2), never, async () => ({ againMs: 60_000 }));
    expect(
      await test.db.query('SELECT due_at > nightshift_now() AS later FROM outbox WHERE incident_id = $1', [id]),
    ).toEqual([{ later: true }]);
    expect(await runStage(test.db, job(id, 2), never, async () => 'done')).toBe('done');
    expect(await outbox(id)).toMatchObject([{ done: true }]);
  });
});

describe('approvals', () => {
  async function request(service: string, required = 1) {
    const id = await insertIncident(test.db, { service, state: 'awaiting_approval' });
    await test.db.query(
      `INSERT INTO approval VALUES ($1, $2, 1, 'hash', 'roll-back', 'roll back', $3, 'runbook-executor', nightshift_now(), nightshift_now() + interval '10 minutes', 'pending')`,
      [`apr-${service}`, id, required],
    );
    return {
      id,
      vote: (by: string, planHash = 'hash') =>
        decideApproval(test.db, { approvalId: `apr-${service}`, planHash, by, verdict: 'approve' }),
    };
  }

  it('count once, however often the button is pressed', async () => {
    const { id, vote } = await request('clicks');
    const clicks = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => vote(`person-${i}`)));
    expect(clicks.filter((click) => click.status === 'fulfilled')).toHaveLength(1);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'remediating' });
    expect(await outbox(id)).toHaveLength(1);
  });

  it('bind the plan that was read, and expire', async () => {
    const { vote } = await request('edited');
    await expect(vote('ada', 'another plan')).rejects.toThrow('not the one that was shown');
    await moveClock(test.db, 11 * 60_000);
    await expect(vote('ada')).rejects.toThrow('expired');
  });

  it('need two different people where two are asked for', async () => {
    const { vote } = await request('two', 2);
    expect(await vote('ada')).toEqual({ state: 'pending', agreed: 1, required: 2 });
    await expect(vote('ada')).rejects.toThrow('already');
    await expect(vote('runbook-executor')).rejects.toThrow('cannot approve');
    expect(await vote('bob')).toMatchObject({ state: 'approved' });
  });
});
