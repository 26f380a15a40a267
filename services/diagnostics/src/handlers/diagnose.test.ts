import { now } from '@nightshift/db';
import { runStage, step, timeline } from '@nightshift/lifecycle';
import { openMachines } from '@nightshift/ssh';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Catalogue } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checks } from '../checks/index.ts';
import { openDatabases, type Databases } from '../databases.ts';
import { diagnose, type DiagnoseParts } from './diagnose.ts';

let test: TestDatabase;
let databases: Databases;
beforeAll(async () => {
  test = await testDatabase();
  databases = openDatabases(() => {});
});
afterAll(async () => {
  await databases.close();
  await test.close();
});

const catalogue = Catalogue.parse({
  schema: 1,
  services: [
    {
      name: 'shop-api',
      targets: [
        { id: 'shop-db', kind: 'postgres', urlEnv: 'SHOP_DB_URL' },
        { id: 'shop-web', kind: 'http', urlEnv: 'SHOP_WEB_URL', allowPrivate: true },
        { id: 'shop-disk', kind: 'disk', path: '/' },
        { id: 'shop-process', kind: 'process', urlEnv: 'A', tokenEnv: 'B', process: 'shop-api' },
      ],
    },
    { name: 'other', targets: [{ id: 'other-disk', kind: 'disk', path: '/' }] },
  ],
});

const partsOf = (): DiagnoseParts => ({
  db: test.db,
  databases,
  catalogue: () => catalogue,
  checks,
  env: { SHOP_DB_URL: test.url },
  machines: openMachines(),
  commands: new Set(),
  commandsThere: new Set(),
  deadlineMs: 5_000,
  suspectWindowMs: 1_800_000,
  settleMs: 0,
});

async function open(service: string) {
  const incidentId = await insertIncident(test.db, { service });
  await insertOwed(test.db, incidentId, 'diagnose');
  const run = (signal = new AbortController().signal, changes: Partial<DiagnoseParts> = {}) =>
    runStage(
      test.db,
      { v: 1, incidentId, stage: 'diagnose', generation: 1 },
      signal,
      diagnose({ ...partsOf(), ...changes }),
    );
  const rows = () =>
    test.db.query(
      'SELECT check_name AS "check", target, status, output FROM diagnostic WHERE incident_id = $1 ORDER BY 1',
      [incidentId],
    );
  return { incidentId, run, rows };
}

describe('the diagnose stage', () => {
  it("defect 17: looks at the targets of the incident's service, and at nothing else", async () => {
    const { incidentId, run, rows } = await open('shop-api');
    expect(await run()).toBe('done');
    expect(await rows()).toMatchObject([
      { check: 'database_connections', target: 'shop-db', status: 'ok' },
      { check: 'database_locks', target: 'shop-db', status: 'ok' },
      { check: 'database_replication', target: 'shop-db', status: 'ok' },
      { check: 'database_size', target: 'shop-db', status: 'ok' },
      { check: 'dependency_health', target: 'shop-api', status: 'ok' },
      { check: 'disk_usage', target: 'shop-disk' },
      {
        check: 'http_probe',
        target: 'shop-web',
        status: 'unknown',
        output: expect.stringContaining('SHOP_WEB_URL, which target "shop-web" names, is not set') as string,
      },
      { check: 'recent_changes', target: 'shop-api', status: 'ok' },
      { check: 'recent_deployments', target: 'shop-api', status: 'ok' },
      { check: 'similar_incidents', target: 'shop-api', status: 'ok' },
    ]);
    const [entry] = await timeline(test.db, incidentId);
    expect(entry).toMatchObject({
      actor: 'diagnostics',
      from: 'diagnosing',
      to: 'deciding',
      event: { kind: 'diagnosed' },
    });
    expect(entry!.event.kind === 'diagnosed' && entry!.event.results).toHaveLength(10);
    expect(
      await test.db.query(`SELECT stage FROM outbox WHERE incident_id = $1 AND done_at IS NULL`, [incidentId]),
    ).toEqual([{ stage: 'remediate' }]);
  });

  it('knows the deployments of a service that the catalogue does not know, and says that it knows no more', async () => {
    const { run, rows } = await open('stranger');
    await run();
    expect(await rows()).toMatchObject([
      { check: 'dependency_health' },
      { check: 'recent_changes' },
      { check: 'recent_deployments', output: expect.stringContaining('not in the catalogue') as string },
      { check: 'similar_incidents' },
    ]);
  });

  it('happens once, however often the job comes', async () => {
    const { run, rows, incidentId } = await open('other');
    const outcomes = await Promise.all([run(), run(), run()]);
    expect(outcomes).toContain('done');
    expect(await run()).toBe('not_owed');
    expect(await rows()).toHaveLength(5);
    expect(await timeline(test.db, incidentId)).toHaveLength(1);
  });

  it('writes nothing when it is stopped half-way, and does it all when the job comes again', async () => {
    const { run, rows } = await open('shop-api-2');
    const abort = new AbortController();
    const stuck = {
      ...checks[0]!,
      appliesTo: (subject: { kind: string }): subject is never => subject.kind === 'service',
      run: () => new Promise<never>(() => abort.abort(new Error('stopped'))),
    };
    await expect(run(abort.signal, { checks: [stuck] })).rejects.toThrow('stopped');
    expect(await rows()).toEqual([]);
    expect(await run()).toBe('done');
  });

  it('is too late, without effect, when a person ended it meanwhile (defect 53)', async () => {
    const { incidentId, run, rows } = await open('ended');
    const resolving = {
      ...checks.find(({ id }) => id === 'recent_deployments')!,
      run: async () => {
        await step(test.db, incidentId, { kind: 'resolved_by_person', by: 'ada', reason: '' }, { actor: 'ada' });
        return { status: 'ok' as const, facts: {}, output: '' };
      },
    };
    expect(await run(undefined, { checks: [resolving] })).toBe('done');
    expect(await rows()).toEqual([]);
    expect((await timeline(test.db, incidentId)).map((entry) => entry.event.kind)).toEqual(['resolved_by_person']);
  });

  it('looks again after an action, when that has had time to show, and says what is different', async () => {
    const { incidentId, run, rows } = await open('acted-upon');
    const counted = (blocked: number) => ({
      ...checks.find(({ id }) => id === 'database_locks')!,
      appliesTo: (subject: { kind: string }): subject is never => subject.kind === 'service',
      run: async () => ({
        status: blocked > 0 ? ('degraded' as const) : ('ok' as const),
        facts: { blocked },
        output: '',
      }),
    });
    await run(undefined, { checks: [counted(4)] });
    const at = await now(test.db);
    await test.db.query(
      `UPDATE incident SET state = 'verifying', acted_at = ms($2), generation = 5, deadline_at = ms($2) + interval '1 hour' WHERE id = $1`,
      [incidentId, at],
    );
    await insertOwed(test.db, incidentId, 'diagnose', 5);
    const again = (settleMs: number) =>
      runStage(
        test.db,
        { v: 1, incidentId, stage: 'diagnose', generation: 5 },
        new AbortController().signal,
        diagnose({ ...partsOf(), checks: [counted(0)], settleMs }),
      );
    expect(await again(60_000)).toMatchObject({ againMs: expect.any(Number) as number });
    expect(await again(0)).toBe('done');
    expect((await timeline(test.db, incidentId)).at(-1)!.event).toMatchObject({
      kind: 'rechecked',
      generation: 5,
      changes: [
        { check: 'database_locks', fact: 'status', before: 'degraded', after: 'ok' },
        { check: 'database_locks', fact: 'blocked', before: 4, after: 0 },
      ],
    });
    expect(await rows()).toHaveLength(2);
  });
});
