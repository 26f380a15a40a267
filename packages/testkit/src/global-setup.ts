import { readFileSync, rmSync } from 'node:fs';
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
  const atExit = () => endNow(dir);
  process.once('exit', atExit);
  const postgres = await startEmbeddedPostgres({ dir, durable: false, maxConnections: 400 });
  await migrate(await createDatabase(postgres.url, templateDatabase));
  process.env[postgresVariable] = postgres.url;
  return async () => {
    process.removeListener('exit', atExit);
    await postgres.stop();
    await rm(dir, { recursive: true, force: true });
  };
}

/** A run that is stopped by a signal exits without its teardown: Postgres, which is no child of ours, would go on for good. */
function endNow(dir: string): void {
  try {
    const [pid] = readFileSync(join(dir, 'data/postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGQUIT');
  } catch {
    // It has not started, or has ended by itself.
  }
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }); // it takes a moment to go
}
