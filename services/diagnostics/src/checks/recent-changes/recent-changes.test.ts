import { now } from '@nightshift/db';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Service } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, incident } from '../../stand-ins.ts';
import { recentChanges } from './recent-changes.ts';

const minute = 60_000;
let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

async function look(dependsOn: string[], id = 'web', onsetAgo = 2) {
  const at = await now(test.db);
  const dependencies = dependsOn.map((name) => ({ service: Service.parse({ name }), distance: 1 }));
  return recentChanges.run(
    context({
      subject: { kind: 'service', id, inCatalogue: true, dependencies },
      db: test.db,
      at,
      incident: { ...incident, id: 'inc-now', service: id, onsetAt: at - onsetAgo * minute },
    }),
  );
}
const deploy = (service: string, version: string, minutesAgo: number) =>
  test.db.query(
    `INSERT INTO deployment (id, service, version, deployed_at) VALUES ($1, $2, $3, nightshift_now() - $4 * interval '1 minute')`,
    [`dep-${service}-${version}`, service, version, minutesAgo],
  );

describe('recent_changes', () => {
  it('suspects a deployment of a dependency by overlap with the onset, not by its age', async () => {
    await deploy('ledger', 'v7', 4);
    await deploy('ledger', 'v6', 70);
    await deploy('stranger', 'v1', 4);
    expect(await look(['ledger'])).toMatchObject({
      status: 'degraded',
      facts: {
        count: 2,
        suspects: 1,
        suspectKind: 'dependency_deployment',
        suspectService: 'ledger',
        suspectSummary: 'v7',
      },
    });
    // The trouble was there first.
    expect(await look(['ledger'], 'web', 50)).toMatchObject({ status: 'degraded', facts: { suspectSummary: 'v6' } });
    expect(await look(['ledger'], 'web', 6)).toMatchObject({ status: 'ok', facts: { count: 2, suspects: 0 } });
  });

  it('suspects a change of another kind that was reported of a dependency: its kind is not kept, its words are', async () => {
    // As ingest keeps a change event without a version: its summary stands for it.
    await deploy('search', 'Raised the pool to 80', 3);
    expect(await look(['search'])).toMatchObject({
      status: 'degraded',
      facts: { suspectKind: 'dependency_deployment', suspectSummary: 'Raised the pool to 80' },
    });
  });

  it('counts what Nightshift did itself, for another incident', async () => {
    const other = await insertIncident(test.db, { service: 'cache', state: 'closed' });
    await test.db.query(
      `INSERT INTO action (id, incident_id, generation, step, type, target, service, provider, class, plan_hash, state, planned, admitted_at)
       VALUES ('act-1', $1, 1, 0, 'restart_service', 'cache-1', 'cache', 'process', 'idempotent', 'h', 'succeeded', '{}', nightshift_now() - interval '3 minutes')`,
      [other],
    );
    expect(await look(['cache'])).toMatchObject({
      status: 'degraded',
      facts: { suspectKind: 'action', suspectSummary: 'restart_service cache-1' },
    });
  });

  it('is ok where nothing else changed', async () => {
    expect(await look([], 'lonely')).toMatchObject({
      status: 'ok',
      facts: { count: 0, suspects: 0, suspectKind: null },
    });
  });
});
