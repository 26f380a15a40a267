import { findIncident, raise, runStage, step, timeline, type Alarm } from '@nightshift/lifecycle';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Postmortem, type IncidentEvent } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postmortem } from './postmortem.ts';

let test: TestDatabase;
beforeAll(async () => (test = await testDatabase({ max: 16 })));
afterAll(() => test.close());

const happen = (id: string, ...events: IncidentEvent[]) =>
  events.reduce<Promise<unknown>>(
    (before, event) => before.then(() => step(test.db, id, event, { actor: 'test' })),
    Promise.resolve(),
  );

/** An incident that went its way and was resolved; its postmortem is owed. */
async function resolved(service: string) {
  const alarm: Alarm = {
    service,
    type: 'high_error_rate',
    severity: 'critical',
    title: `${service}: errors`,
    onsetAt: Date.now() - 5_000,
    reason: 'two criticals',
    anomalies: [],
  };
  const { incidentId } = await test.db.tx((tx) => raise(tx, alarm, 'detector'));
  await happen(
    incidentId,
    { kind: 'diagnosed', results: [] },
    { kind: 'no_runbook', reason: 'none', considered: [] },
    { kind: 'resolved_by_person', by: 'ada', reason: 'restarted it' },
  );
  return incidentId;
}

const generationOf = async (id: string) => (await findIncident(test.db, id))!.generation;
const run = async (incidentId: string, generation?: number) =>
  runStage(
    test.db,
    { v: 1, incidentId, stage: 'postmortem', generation: generation ?? (await generationOf(incidentId)) },
    new AbortController().signal,
    postmortem({ db: test.db }),
  );
const read = async (id: string) =>
  (await test.db.query<{ data: unknown }>('SELECT data FROM postmortem WHERE incident_id = $1', [id])).map(({ data }) =>
    Postmortem.parse(data),
  );
const written = async (id: string) =>
  (await timeline(test.db, id)).filter(({ event }) => event.kind === 'postmortem_written');

describe('the postmortem stage', () => {
  it('writes one from everything that was recorded', async () => {
    const id = await resolved('shop-api');
    await test.db.query(
      `INSERT INTO series (key, name, labels, service) VALUES ('k', 'http_error_ratio', '{"service":"shop-api","path":"<b>"}', 'shop-api')`,
    );
    await test.db.query(
      `INSERT INTO anomaly (series_id, service, incident_id, started_at, last_at, value, expected, low, high, score, severity, direction)
       SELECT id, 'shop-api', $1, nightshift_now(), nightshift_now(), 'Infinity', 0.01, 0, 0.03, 16, 'critical', 'up' FROM series`,
      [id],
    );
    await test.db.query(
      `INSERT INTO diagnostic VALUES ($1, 1, 'recent_deployments', 'shop-api', 'degraded', '{"suspectVersion":"v2","suspectPreviousVersion":"v1"}', 'v2', nightshift_now(), 5)`,
      [id],
    );
    await test.db.query(
      `INSERT INTO deployment VALUES ('dep-1', 'shop-api', 'v2', 'v1', nightshift_now() - interval '1 minute', 'bob')`,
    );
    await test.db.query(
      `INSERT INTO action (id, incident_id, generation, step, type, target, service, provider, class, plan_hash, planned, state, detail)
       VALUES ('act-1', $1, 1, 0, 'restart_service', 'shop', 'shop-api', 'process', 'idempotent', 'p', '{"summary":"restart shop"}', 'failed', 'answered 500')`,
      [id],
    );
    expect(await run(id)).toBe('done');
    const [data] = await read(id);
    expect(data).toMatchObject({
      incidentId: id,
      resolution: 'person',
      suspectChange: 'shop-api v2 (before it: v1) by bob',
      tried: [{ action: 'restart shop', target: 'shop', outcome: 'failed' }],
    });
    expect(data!.phases.totalMs).toBeGreaterThanOrEqual(5_000);
    expect(data!.markdown).toContain('path=\\<b\\>');
    expect(data!.markdown).toContain('| infinite |');
    expect(data!.improvements.at(-1)).toContain('No runbook matched');
    expect(await written(id)).toHaveLength(1);
  });

  it('happens once, however often the job comes at once or again', async () => {
    const id = await resolved('many');
    const generation = await generationOf(id);
    await Promise.all(Array.from({ length: 8 }, () => run(id, generation)));
    expect(await run(id, generation)).toBe('not_owed');
    expect(await written(id)).toHaveLength(1);
    expect(await read(id)).toHaveLength(1);
  });

  it('leaves nothing when it dies in the middle, and is written when the job comes again', async () => {
    const id = await resolved('dies');
    await test.db.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'killed'; END $$`,
    );
    await test.db.query('CREATE TRIGGER refuse BEFORE INSERT ON postmortem FOR EACH ROW EXECUTE FUNCTION refuse()');
    await expect(run(id)).rejects.toThrow('killed');
    expect(await written(id)).toEqual([]);
    await test.db.query('DROP TRIGGER refuse ON postmortem');
    expect(await run(id)).toBe('done');
    expect(await written(id)).toHaveLength(1);
  });

  it('is written anew, in the same place, after it was reopened', async () => {
    const service = 'comes-again';
    const { incidentId: id } = await test.db.tx((tx) =>
      raise(
        tx,
        { service, type: 'unknown', severity: 'critical', title: 'x', onsetAt: Date.now(), reason: 'r', anomalies: [] },
        'detector',
      ),
    );
    const heal: IncidentEvent[] = [
      { kind: 'diagnosed', results: [] },
      { kind: 'no_runbook', reason: '', considered: [] },
    ];
    await happen(id, ...heal, { kind: 'recovered', detail: '', freshSamples: 3, since: Date.now() + 60_000 });
    await run(id);
    await happen(id, { kind: 'reopened', reason: 'again' }, ...heal, {
      kind: 'resolved_by_person',
      by: 'ada',
      reason: '',
    });
    await run(id);
    expect(await read(id)).toMatchObject([{ resolution: 'person' }]);
    expect(await written(id)).toHaveLength(2);
  });

  it('counts how often the runbook has worked, in the mode it was used in', async () => {
    await test.db.query(
      `INSERT INTO runbook_version (hash, id, content) VALUES ('h1', 'roll-back', '{"mode":"approve"}')`,
    );
    const chosen: IncidentEvent = {
      kind: 'runbook_chosen',
      runbook: 'roll-back',
      hash: 'h1',
      planHash: 'p',
      summary: 's',
      considered: [],
    };
    const succeeded: IncidentEvent = {
      kind: 'action_finished',
      actionId: 'a',
      step: 0,
      type: 't',
      target: 't',
      outcome: 'succeeded',
      detail: '',
    };
    let last = '';
    for (let nth = 1; nth <= 9; nth++) {
      last = (
        await test.db.tx((tx) =>
          raise(
            tx,
            {
              service: `service-${nth}`,
              type: 'unknown',
              severity: 'critical',
              title: 'x',
              onsetAt: Date.now(),
              reason: 'r',
              anomalies: [],
            },
            'detector',
          ),
        )
      ).incidentId;
      await happen(
        last,
        { kind: 'diagnosed', results: [] },
        chosen,
        succeeded,
        { kind: 'remediated', detail: '' },
        { kind: 'recovered', detail: '', freshSamples: 3, since: Date.now() + 60_000 },
      );
    }
    await run(last);
    expect((await read(last))[0]!.improvements).toContain(
      'Runbook "roll-back" has worked 9 times and never failed: promote it to auto (nightshift runbooks promote).',
    );
  });
});
