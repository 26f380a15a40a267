import { migrateQueue } from '@nightshift/queue';
import {
  alertmanagerAvailable,
  eventually,
  startAlertmanager,
  testDatabase,
  type TestDatabase,
} from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documented } from '../docs.fixture.ts';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';

describe('a real Alertmanager with a webhook here', () => {
  if (!alertmanagerAvailable()) {
    return it('not run', (test) => test.skip('prometheus-alertmanager is not on this machine'));
  }
  let database: TestDatabase;
  let ingest: TestIngest;
  let alertmanager: Awaited<ReturnType<typeof startAlertmanager>>;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
    alertmanager = await startAlertmanager(documented('Alertmanager', ingest));
  });
  afterAll(async () => {
    await alertmanager?.close();
    await ingest.close();
    await database.close();
  });

  it('opens an incident, and tells when its alert is resolved', { timeout: 60_000 }, async () => {
    const labels = { alertname: 'DiskFull', service: 'store', severity: 'page' };
    const startsAt = new Date().toISOString();
    await eventually(async () => expect(await alertmanager.post([{ labels, startsAt }])).toBe(200));
    await eventually(
      async () =>
        expect(await database.db.query('SELECT service, title, type, severity FROM incident')).toEqual([
          { service: 'store', title: 'store: DiskFull', type: 'resource_exhaustion', severity: 'critical' },
        ]),
      { timeoutMs: 20_000 },
    );
    await alertmanager.post([{ labels, startsAt, endsAt: new Date().toISOString() }]);
    await eventually(
      async () =>
        expect(await database.db.query('SELECT name FROM alert WHERE ended_at IS NOT NULL')).toEqual([
          { name: 'DiskFull' },
        ]),
      { timeoutMs: 20_000 },
    );
  });
});
