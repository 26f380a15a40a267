import { randomBytes } from 'node:crypto';
import { openDb, type Db, type Sql } from '@nightshift/db';
import { createDatabase, dropDatabase } from '@nightshift/db/embedded';

/** Environment variables through which the global set-up tells the test files where its Postgres is. */
export const postgresVariable = 'NIGHTSHIFT_TEST_POSTGRES';
export const templateDatabase = 'nightshift_template';

export type TestDatabase = { url: string; db: Db; close(): Promise<void> };

/** Admin URL of the run's one real Postgres server. */
export function postgresUrl(): string {
  const url = process.env[postgresVariable];
  if (!url)
    throw new Error(`${postgresVariable} is not set: run tests through vitest, whose global set-up starts Postgres`);
  return url;
}

/** A migrated database of one's own, cloned from the template in some 100 ms. Call once per file or test, close afterwards. */
export async function testDatabase(options: { max?: number } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = await createDatabase(postgresUrl(), name, { template: templateDatabase });
  const db = openDb({ url, name, max: options.max ?? 8 });
  return {
    url,
    db,
    async close() {
      await db.close();
      await dropDatabase(postgresUrl(), name);
    },
  };
}

/** Every row of every table, as text: to look for what must not be there. */
export async function everyRow(sql: Sql): Promise<string> {
  const tables = await sql.query<{ name: string }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  );
  const rows = await Promise.all(tables.map(({ name }) => sql.query(`SELECT t::text FROM ${name} t`)));
  return JSON.stringify(rows);
}
