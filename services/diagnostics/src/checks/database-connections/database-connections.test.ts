import { openDb, type Db } from '@nightshift/db';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { openDatabases, type Databases } from '../../databases.ts';
import { context, silentServer } from '../../stand-ins.ts';
import { databaseConnections } from './database-connections.ts';

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

const look = (url: string, signal?: AbortSignal) =>
  databaseConnections.run(
    context({ subject: target, db: test.db, databases, env: { SHOP_DB_URL: url }, ...(signal && { signal }) }),
  );

describe('database_connections', () => {
  it('defect 26: measures against what the server really allows, not a fixed 90', async () => {
    const finding = await look(test.url);
    const [real] = await test.db.query<{ max: number }>(`SELECT current_setting('max_connections')::int AS max`);
    expect(finding.status).toBe('ok');
    expect(finding.facts).toMatchObject({ maxConnections: real!.max, waitingOnLocks: 0, hidden: 0 });
    const { total, usableConnections, usedPercent } = finding.facts as Record<string, number>;
    expect(total).toBeGreaterThan(0);
    expect(usedPercent).toBeCloseTo((total! / usableConnections!) * 100, 1);

    // More than 90, of a server that takes far more, is nothing to worry about.
    const crowd = openDb({ url: test.url, name: 'crowd', max: 95 });
    try {
      await Promise.all(Array.from({ length: 95 }, () => crowd.query('SELECT pg_sleep(0.2)')));
      const busy = await look(test.url);
      expect(busy).toMatchObject({ status: 'ok' });
      expect(busy.facts['total']).toBeGreaterThan(90);
    } finally {
      await crowd.close();
    }
  });

  it('sees sessions that really wait for a lock, and is degraded above five', async () => {
    const id = await insertIncident(test.db, { service: 'locked' });
    const holder = openDb({ url: test.url, name: 'holder', max: 1 });
    const waiters = openDb({ url: test.url, name: 'waiters', max: 6 });
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let locked = () => {};
    const isLocked = new Promise<void>((resolve) => (locked = resolve));
    const holding = holder.tx(async (tx) => {
      await tx.query('SELECT 1 FROM incident WHERE id = $1 FOR UPDATE', [id]);
      locked();
      await held;
    });
    await isLocked;
    const waiting = Array.from({ length: 6 }, () =>
      waiters.query('SELECT 1 FROM incident WHERE id = $1 FOR UPDATE', [id]),
    );
    try {
      await expect.poll(async () => (await look(test.url)).facts['waitingOnLocks']).toBe(6);
      const finding = await look(test.url);
      expect(finding.status).toBe('degraded');
      expect(finding.output).toContain('6 waiting on locks, the longest for');
      expect(finding.facts['idleInTransaction']).toBeGreaterThanOrEqual(1);
    } finally {
      release();
      await Promise.all([holding, ...waiting]);
      await Promise.all([holder.close(), waiters.close()]);
    }
  });

  it('defect 18: keeps one pool per address, however often it looks', async () => {
    await Promise.all(Array.from({ length: 12 }, () => look(test.url)));
    const [open] = await test.db.query<{ n: number }>(
      `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'nightshift diagnostics' AND datname = current_database()`,
    );
    expect(open!.n).toBeLessThanOrEqual(2);
  });

  it('is unknown, with what to grant, where sessions of others are hidden from our role', async () => {
    await test.db.query(
      `DO $$ BEGIN CREATE ROLE peeper LOGIN PASSWORD 'peep'; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    const url = new URL(test.url);
    [url.username, url.password] = ['peeper', 'peep'];
    const finding = await look(url.href);
    expect(finding.status).toBe('unknown');
    expect(finding.facts['hidden']).toBeGreaterThan(0);
    expect(finding.output).toContain('GRANT pg_monitor');
  });

  it('tells down from unknown: refused is down, a wrong password or name is our own fault (defect 25)', async () => {
    const wrong = new URL(test.url);
    wrong.password = 'wrong';
    expect((await look('postgres://a:b@127.0.0.1:1/x')).status).toBe('down');
    expect((await look(wrong.href)).status).toBe('unknown');
    expect((await look('postgres://a:b@no-such-host.invalid/x')).status).toBe('unknown');
  });

  it('says "degraded" of a server that has no connection left', async () => {
    await test.db.query(
      `DO $$ BEGIN CREATE ROLE crowded LOGIN PASSWORD 'c' CONNECTION LIMIT 0; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    const url = new URL(test.url);
    [url.username, url.password] = ['crowded', 'c'];
    expect(await look(url.href)).toMatchObject({ status: 'degraded', facts: { refusesConnections: true } });
  });

  it('gives up at its deadline on a server that never answers, and leaves nothing open (defect 20)', async () => {
    const hole = await silentServer();
    const own: Databases = openDatabases(() => {});
    const abort = new AbortController();
    const looking = databaseConnections.run(
      context({
        subject: target,
        db: test.db,
        databases: own,
        env: { SHOP_DB_URL: `postgres://a:b@127.0.0.1:${hole.port}/x` },
        signal: abort.signal,
      }),
    );
    await hole.connected();
    abort.abort(new Error('deadline'));
    await expect(looking).rejects.toThrow('deadline');
    await own.close();
    await expect.poll(() => hole.open(), { timeout: 7_000 }).toBe(0);
    await hole.close();
  });

  it('cancels a query that hangs on a lock of the server (defect 20)', async () => {
    const abort = new AbortController();
    const pool: Db = databases.of(test.url);
    const hanging = pool.query('SELECT pg_sleep(30)', [], abort.signal);
    await expect.poll(() => pool.usage().total - pool.usage().idle).toBe(1);
    abort.abort(new Error('deadline'));
    await expect(hanging).rejects.toThrow('deadline');
    expect((await look(test.url)).status).toBe('ok');
  });
});
