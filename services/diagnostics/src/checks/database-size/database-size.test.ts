import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabases, type Databases } from '../../databases.ts';
import { context } from '../../stand-ins.ts';
import { databaseSize } from './database-size.ts';

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

const look = (limitBytes?: number) =>
  databaseSize.run(
    context({
      subject: {
        id: 'shop-db',
        kind: 'postgres',
        urlEnv: 'SHOP_DB_URL',
        actions: [],
        ...(limitBytes && { limitBytes }),
      },
      databases,
      env: { SHOP_DB_URL: test.url },
    }),
  );

describe('database_size', () => {
  it('measures the database against the limit of the catalogue', async () => {
    const { status, facts } = await look();
    expect(status).toBe('ok');
    expect(facts).toMatchObject({ limitBytes: null, usedPercent: null });
    expect(facts.transactionsToWraparound).toBeGreaterThan(1_000_000_000);
    const size = facts.sizeBytes!;
    expect(await look(size * 2)).toMatchObject({ status: 'ok', facts: { usedPercent: 50 } });
    const full = await look(Math.round(size * 1.05));
    expect(full).toMatchObject({ status: 'degraded', facts: { usedPercent: 95.2 } });
    expect(full.output).toContain('it has 95.2% of its limit');
  });

  it('sees a table that is mostly dead rows', async () => {
    await test.db.query(`CREATE TABLE swollen (id int) WITH (autovacuum_enabled = false)`);
    await test.db.query(`INSERT INTO swollen SELECT generate_series(1, 12000)`);
    await test.db.query(`DELETE FROM swollen WHERE id > 1000`);
    await expect.poll(async () => (await look()).status, { timeout: 20_000, interval: 200 }).toBe('degraded');
    expect((await look()).output).toContain('% dead rows');
  });
});
