import { moveClock, only } from '@nightshift/db';
import { migrateQueue } from '@nightshift/queue';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';

describe('heartbeats', () => {
  let database: TestDatabase;
  let ingests: TestIngest[];
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    const start = () => startTestIngest({ db: database.db, databaseUrl: database.url });
    ingests = [await start(), await start()]; // two, as they may be: a silence is one incident
  });
  afterAll(async () => {
    for (const ingest of ingests) await ingest.close();
    await database.close();
  });
  const call = async (method: string, path: string) => {
    const response = await fetch(`${ingests[0]!.url}/v1/heartbeats/${path}`, {
      method,
      headers: { authorization: `Bearer ${ingests[0]!.secret}` },
    });
    return response.status;
  };
  const incidents = () => database.db.query('SELECT service, title, type, severity FROM incident ORDER BY opened_at');
  const backup = { service: 'store', title: 'store: heartbeat backup', type: 'service_down', severity: 'critical' };
  const alerts = () => database.db.query('SELECT name, ended_at IS NOT NULL AS over FROM alert ORDER BY id');

  it('become an incident when they stay away, and none while they come', { timeout: 40_000 }, async () => {
    expect(await call('POST', 'backup?intervalSeconds=3600&service=store')).toBe(201);
    await moveClock(database.db, 3_000_000);
    expect(await call('POST', 'backup?intervalSeconds=3600&service=store')).toBe(200);
    expect(await call('POST', 'other?intervalSeconds=36000')).toBe(201);
    await moveClock(database.db, 3_605_000);
    await eventually(async () => expect(await incidents()).toEqual([backup]));
    // Its silence began at the second beat.
    const since = `SELECT extract(epoch FROM started_at - nightshift_now())::float8 AS seconds FROM alert`;
    const { seconds } = only(await database.db.query<{ seconds: number }>(since));
    expect(seconds).toBeLessThan(-4);
    expect(seconds).toBeGreaterThan(-60);
    expect(await alerts()).toEqual([{ name: 'heartbeat backup', over: false }]);
  });

  it('end their alert when they come again', async () => {
    expect(await call('POST', 'backup?intervalSeconds=3600&service=store')).toBe(200);
    expect(await alerts()).toEqual([{ name: 'heartbeat backup', over: true }]);
  });

  it('are not expected any more once deleted', async () => {
    expect([await call('DELETE', 'other'), await call('DELETE', 'other')]).toEqual([204, 404]);
  });

  it('are not missed while nobody could hear them', async () => {
    for (const ingest of ingests) await ingest.close();
    await moveClock(database.db, 100_000_000);
    const begun = await incidents();
    ingests = [await startTestIngest({ db: database.db, databaseUrl: database.url })];
    // A round is over once another heartbeat, which is due at once, has been found silent.
    expect(await call('POST', 'quick?intervalSeconds=5')).toBe(201);
    await moveClock(database.db, 10_000);
    await eventually(async () => expect(await alerts()).toHaveLength(2));
    expect(await alerts()).toEqual([
      { name: 'heartbeat backup', over: true },
      { name: 'heartbeat quick', over: false },
    ]);
    expect(begun).toHaveLength(1);
  });

  it.each([
    'a%20b?intervalSeconds=60',
    'a',
    'a?intervalSeconds=1',
    'a?intervalSeconds=x',
    'a?intervalSeconds=60&service=*',
  ])('are refused as %s', async (path) => {
    expect(await call('POST', path)).toBe(400);
  });
});
