import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@nightshift/db';
import { createDatabase, startEmbeddedPostgres } from '@nightshift/db/embedded';
import { postgresVariable, templateDatabase } from './database.ts';

/** One real Postgres for the whole run, with a migrated template that each test file clones. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[postgresVariable]) return undefined; // another project of this run started it
  const dir = await mkdtemp(join(tmpdir(), 'nightshift-test-postgres-'));
  const postgres = await startEmbeddedPostgres({ dir, durable: false, maxConnections: 400 });
  await migrate(await createDatabase(postgres.url, templateDatabase));
  process.env[postgresVariable] = postgres.url;
  return async () => {
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  };
}
