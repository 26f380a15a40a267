import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';

describe('POST /v2/enqueue, in the shape of PagerDuty events', () => {
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
  const payload = {
    summary: 'disk is full',
    source: 'db-1',
    severity: 'error',
    component: 'store',
    custom_details: { free: 0 },
  };
  const enqueue = async (event: object) => {
    // Its senders know no Authorization header.
    const response = await fetch(`${ingest.url}/v2/enqueue`, {
      method: 'POST',
      body: JSON.stringify({ routing_key: ingest.secret, event_action: 'trigger', payload, ...event }),
    });
    return {
      status: response.status,
      body: (await response.json()) as { dedup_key?: string; error?: { code: string } },
    };
  };
  const alerts = () =>
    database.db.query('SELECT service, severity, summary, ended_at IS NOT NULL AS over FROM alert ORDER BY id');
  const alert = { service: 'store', severity: 'critical', summary: 'disk is full', over: false };

  it('triggers once for one dedup_key, and resolves by it', async () => {
    const first = await enqueue({ dedup_key: 'd1' });
    expect([first.status, first.body]).toEqual([
      202,
      { status: 'success', message: 'Event processed', dedup_key: 'd1' },
    ]);
    await enqueue({ dedup_key: 'd1' });
    expect(await alerts()).toEqual([alert]);
    expect(await database.db.query('SELECT service, type, state FROM incident')).toEqual([
      { service: 'store', type: 'resource_exhaustion', state: 'diagnosing' },
    ]);
    expect((await enqueue({ dedup_key: 'd1', event_action: 'acknowledge', payload: undefined })).status).toBe(202);
    expect((await enqueue({ dedup_key: 'd1', event_action: 'resolve', payload: undefined })).status).toBe(202);
    expect(await alerts()).toEqual([{ ...alert, over: true }]);
  });

  it('gives a dedup_key to who has none, and takes the source for the service', async () => {
    const { body } = await enqueue({ payload: { ...payload, component: undefined } });
    expect(body.dedup_key).toMatch(/./);
    expect((await alerts()).at(-1)).toEqual({ ...alert, service: 'db-1' });
  });

  it('opens nothing for information', async () => {
    const before = await alerts();
    expect((await enqueue({ payload: { ...payload, severity: 'info' } })).status).toBe(202);
    expect(await alerts()).toEqual(before);
  });

  it.each([
    [{ routing_key: 'x' }, 401],
    [{ routing_key: undefined }, 400],
    [{ payload: undefined }, 400],
    [{ event_action: 'resolve', dedup_key: undefined }, 400],
    [{ dedup_key: 'x'.repeat(256) }, 400],
    [{ payload: { ...payload, severity: 'bad' } }, 400],
  ])('refuses %j', async (change, status) => {
    expect((await enqueue(change)).status).toBe(status);
  });
});
