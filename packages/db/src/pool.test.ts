import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDatabase, dropDatabase } from './embedded.ts';
import { migrate, moveClock, now, openDb, type Db } from './index.ts';

const admin = process.env['NIGHTSHIFT_TEST_POSTGRES']!;
const name = `test_${randomBytes(6).toString('hex')}`;
let url: string;
let db: Db;

beforeAll(async () => {
  url = await createDatabase(admin, name);
  await migrate(url);
  db = openDb({ url, name: 'pool test', max: 3 });
});
afterAll(async () => {
  await db.close();
  await dropDatabase(admin, name);
});

describe('migrations', () => {
  it('run once, however often and however many processes ask', async () => {
    expect((await Promise.all([migrate(url), migrate(url)])).flat()).toEqual([]);
  });
});

describe('times', () => {
  it('cross the border as epoch milliseconds, both ways', async () => {
    const at = 1_732_400_000_123;
    expect(await db.query('SELECT ms($1) AS at', [at])).toEqual([{ at }]);
    expect(await db.query('SELECT ms($1) AS at', [null])).toEqual([{ at: null }]);
  });

  it('move when a test moves the one clock', async () => {
    const before = await now(db);
    await moveClock(db, 15 * 60_000);
    expect((await now(db)) - before).toBeGreaterThanOrEqual(15 * 60_000);
  });
});

describe('transactions', () => {
  it('refuse to run at another isolation level than asserted, for limits depend on it', async () => {
    await db.tx(async (tx) =>
      expect(await tx.query('SHOW transaction_isolation')).toEqual([{ transaction_isolation: 'read committed' }]),
    );
  });

  it('roll back as a whole', async () => {
    await expect(
      db.tx(async (tx) => {
        await tx.query(`INSERT INTO setting VALUES ('half', '1', 'test')`);
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    expect(await db.query(`SELECT 1 FROM setting WHERE key = 'half'`)).toEqual([]);
  });

  it('try again after a deadlock', async () => {
    await db.query(`INSERT INTO budget VALUES ('a'), ('b')`);
    let met = 0;
    const meet = async () => {
      met++;
      for (let i = 0; i < 100 && met < 2; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const crossing = (first: string, second: string) =>
      db.tx(async (tx) => {
        await tx.query('UPDATE budget SET v = v + 1 WHERE scope = $1', [first]);
        await meet();
        await tx.query('UPDATE budget SET v = v + 1 WHERE scope = $1', [second]);
      });
    await Promise.all([crossing('a', 'b'), crossing('b', 'a')]);
    expect(await db.query('SELECT v FROM budget ORDER BY scope')).toEqual([{ v: 2 }, { v: 2 }]);
  });
});

describe('the pool', () => {
  it('is bounded: callers wait for a connection, none is opened beyond the limit', async () => {
    await Promise.all(Array.from({ length: 20 }, () => db.query('SELECT pg_sleep(0.01)')));
    expect(db.usage().total).toBeLessThanOrEqual(3);
  });

  it('survives the loss of every connection, also of those in use', async () => {
    // Looked at from the start: it may end before the next line runs.
    const victim = db.tx((tx) => tx.query('SELECT pg_sleep(10)')).catch((error: unknown) => error);
    const other = openDb({ url, name: 'killer', max: 1 });
    await expect
      .poll(() =>
        other.query(
          `SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name = 'pool test' AND state = 'active'`,
        ),
      )
      .toEqual([{ n: 1 }]);
    expect(await victim).toBeInstanceOf(Error);
    expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await other.close();
  });

  it('cuts a query whose signal aborts, and keeps nothing of it', async () => {
    const cut = openDb({ url, name: 'cut', max: 1 });
    const abort = new AbortController();
    const slow = cut.query('SELECT pg_sleep(10)', [], abort.signal);
    await expect
      .poll(() => db.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'cut' AND state = 'active'`))
      .toHaveLength(1);
    abort.abort(new Error('enough'));
    await expect(slow).rejects.toThrow('enough');
    expect(cut.usage()).toEqual({ total: 0, idle: 0, waiting: 0 });
    await expect(cut.query('SELECT 1', [], abort.signal)).rejects.toThrow('enough');
    expect(await cut.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await cut.close();
  });

  it('says in one coded sentence that Postgres is not there', async () => {
    const nowhere = openDb({ url: 'postgres://nobody:x@127.0.0.1:1/none', name: 'nowhere' });
    await expect(nowhere.query('SELECT 1')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    await nowhere.close();
  });
});
