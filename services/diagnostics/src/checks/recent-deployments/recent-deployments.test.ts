import { moveClock, now } from '@nightshift/db';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, incident } from '../../stand-ins.ts';
import { recentDeployments } from './recent-deployments.ts';

const minute = 60_000;
let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
  await moveClock(test.db, 90 * minute); // windows are measured by the database's clock, not by this process's
});
afterAll(() => test.close());

let services = 0;
/** Deployments of a service of its own, by how many minutes before the onset they came; the onset was `onsetAgo` minutes ago. */
async function look(
  deployed: { version: string; before: number; previous?: string }[],
  onsetAgo = 2,
  inCatalogue = true,
) {
  const service = `service-${services++}`;
  const at = await now(test.db);
  const onsetAt = at - onsetAgo * minute;
  for (const { version, before, previous } of deployed) {
    await test.db.query(
      'INSERT INTO deployment (id, service, version, previous_version, deployed_at) VALUES ($1, $2, $3, $4, ms($5))',
      [`dep-${service}-${version}`, service, version, previous ?? null, onsetAt - before * minute],
    );
  }
  return recentDeployments.run(
    context({
      subject: { kind: 'service', id: service, inCatalogue, dependencies: [] },
      db: test.db,
      at,
      incident: { ...incident, service, onsetAt },
    }),
  );
}

describe('recent_deployments', () => {
  it('suspects what came shortly before the onset, and knows what was there before it', async () => {
    const finding = await look([
      { version: 'v1', before: 600 },
      { version: 'v2', before: 1 },
    ]);
    expect(finding).toMatchObject({
      status: 'degraded',
      facts: {
        count: 1,
        suspects: 1,
        newestVersion: 'v2',
        previousVersion: 'v1',
        suspectVersion: 'v2',
        suspectPreviousVersion: 'v1',
        suspectMinutesBeforeOnset: 1,
        newestIsSuspect: true,
        ageMinutes: 3,
      },
    });
  });

  it('takes the previous version as reported where it was', async () => {
    expect(
      (
        await look([
          { version: 'v9', before: 600 },
          { version: 'v2', before: 1, previous: 'v1' },
        ])
      ).facts['previousVersion'],
    ).toBe('v1');
  });

  it('defect 24: does not suspect any deployment of the last 2 hours', async () => {
    expect(await look([{ version: 'early', before: 45 }])).toMatchObject({
      status: 'ok',
      facts: { count: 1, suspects: 0 },
    });
    expect(await look([{ version: 'after', before: -1 }])).toMatchObject({
      status: 'ok',
      facts: { suspects: 0, newestVersion: 'after' },
    });
  });

  it('tells a suspect that may still be rolled back from one that is too old for it (defect 24)', async () => {
    const old = await look([{ version: 'old', before: 20 }], 45);
    expect(old).toMatchObject({ status: 'degraded', facts: { suspects: 1, suspectUndoable: false } });
    expect(old.output).toContain('too long ago to be rolled back');
    const young = await look([{ version: 'young', before: 20 }], 30);
    expect(young).toMatchObject({ status: 'degraded', facts: { suspects: 1, suspectUndoable: true } });
    expect((await look([{ version: 'early', before: 45 }])).facts['suspectUndoable']).toBeNull();
  });

  it('suspects one that was reported a moment after its first bad answers', async () => {
    expect((await look([{ version: 'v2', before: -0.25 }])).facts).toMatchObject({
      suspects: 1,
      suspectMinutesBeforeOnset: 0,
    });
  });

  it('says when the suspect is no longer the newest', async () => {
    const { facts } = await look([
      { version: 'bad', before: 3 },
      { version: 'fix', before: -1 },
    ]);
    expect(facts).toMatchObject({ newestVersion: 'fix', suspectVersion: 'bad', newestIsSuspect: false });
  });

  it('counts all of the window but lists the newest five', async () => {
    const finding = await look(Array.from({ length: 8 }, (_, i) => ({ version: `v${i}`, before: i + 1 })));
    expect(finding.facts).toMatchObject({ count: 8, suspects: 5, newestVersion: 'v0' });
    expect(finding.output).not.toContain('v6');
  });

  it('is ok without any, and of other services only', async () => {
    await look([{ version: 'elsewhere', before: 1 }]);
    expect(await look([])).toMatchObject({
      status: 'ok',
      facts: { count: 0, suspects: 0, newestVersion: null },
      output: 'no deployment in the last 2 hours',
    });
  });

  it('says that the service is not in the catalogue', async () => {
    expect((await look([], 2, false)).output).toContain('is not in the catalogue, so nothing else was looked at');
  });
});
