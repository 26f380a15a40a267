import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documented } from './docs.fixture.ts';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';

// The lines for Prometheus, Alertmanager and OpenTelemetry are run by the tests with the real ones.
describe('the lines of docs/ingest.md for curl', () => {
  if (spawnSync('curl', ['--version']).status !== 0) {
    return it('not run', (test) => test.skip('curl is not on this machine'));
  }
  let database: TestDatabase;
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
  });
  const run = async (heading: string): Promise<unknown> =>
    JSON.parse((await promisify(execFile)('sh', ['-c', documented(heading, ingest)])).stdout);

  it('send a sample', async () => {
    expect(await run('Samples as JSON')).toEqual({ accepted: 1, rejected: [], rejectedTotal: 0 });
  });

  it('give a sign of life', async () => {
    expect(await run('Heartbeats')).toEqual({ name: 'nightly-backup', service: 'store', intervalSeconds: 90_000 });
  });

  it('raise an alert as an event of PagerDuty', async () => {
    expect(await run('PagerDuty events')).toEqual({
      status: 'success',
      message: 'Event processed',
      dedup_key: 'disk-db-1',
    });
  });

  it('tell of a change as an event of PagerDuty', async () => {
    expect(await run('PagerDuty change events')).toEqual({ status: 'success', message: 'Change event processed' });
  });

  it('raise an alert as a CloudEvent', async () => {
    expect(await run('CloudEvents')).toEqual({ joined: 1 });
  });

  it('record a deployment', async () => {
    expect(await run('Deployments')).toEqual({ id: expect.stringMatching(/^dep-/) as string });
  });
});
