import { openDb, type Sql } from '@nightshift/db';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { openDatabases, type Databases } from '../../databases.ts';
import { context } from '../../stand-ins.ts';
import { databaseLocks } from './database-locks.ts';

const target: SubjectOf<'postgres'> = { id: 'shop-db', kind: 'postgres', urlEnv: 'SHOP_DB_URL', actions: [] };
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

const look = (signal?: AbortSignal) =>
  databaseLocks.run(context({ subject: target, databases, env: { SHOP_DB_URL: test.url }, ...(signal && { signal }) }));

describe('database_locks', () => {
  it('is ok where nobody waits', async () => {
    expect(await look()).toMatchObject({ status: 'ok', facts: { blocked: 0, blockers: 0, rootPid: null } });
  });

  it('names the session at the root of a real pile-up, and how many wait behind it', async () => {
    const [first, second] = [
      await insertIncident(test.db, { service: 'a' }),
      await insertIncident(test.db, { service: 'b' }),
    ];
    const root = openDb({ url: test.url, name: 'the one who forgot to commit', max: 1 });
    const others = openDb({ url: test.url, name: 'others', max: 3 });
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const lock = (sql: Sql, id: string) => sql.query('SELECT 1 FROM incident WHERE id = $1 FOR UPDATE', [id]);
    let holds = () => {};
    const held = new Promise<void>((resolve) => (holds = resolve));
    const holding = root.tx(async (tx) => {
      await lock(tx, first);
      holds();
      await released;
    });
    await held;
    // The middle one holds what the last one wants, and waits itself: only the root is to blame.
    const middle = others.tx(async (tx) => {
      await lock(tx, second);
      await lock(tx, first);
    });
    const waiting = [middle];
    try {
      await expect.poll(async () => (await look()).facts.blocked).toBe(1);
      waiting.push(lock(others, second).then(() => {}));
      await expect.poll(async () => (await look()).status, { timeout: 10_000 }).toBe('degraded');
      await expect.poll(async () => (await look()).facts.blocked).toBe(2);
      const { facts, output } = await look();
      expect(facts).toMatchObject({ blocked: 2, blockers: 1, rootBlocks: 2, rootState: 'idle in transaction' });
      expect(facts.rootApplication).toBe('the one who forgot to commit');
      expect(facts.longestBlockedMs).toBeGreaterThan(1_000);
      expect(output).toContain(`process ${facts.rootPid}`);
    } finally {
      release();
      await Promise.all([holding, ...waiting]);
      await Promise.all([root.close(), others.close()]);
    }
    expect((await look()).status).toBe('ok');
  });

  it('cancels the statement on the server too when its time is over (defect 20)', async () => {
    const abort = new AbortController();
    const pool = databases.of(test.url);
    const running = () =>
      test.db.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(987%' AND state = 'active'`);
    const hanging = pool.query('SELECT pg_sleep(987)', [], abort.signal);
    await expect.poll(async () => (await running()).length).toBe(1);
    abort.abort(new Error('deadline'));
    await expect(hanging).rejects.toThrow('deadline');
    // Far sooner than the statement time-out of 5 s, which would end it otherwise.
    await expect.poll(async () => (await running()).length, { timeout: 4_000 }).toBe(0);
  });
});
