import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';

const dir = fileURLToPath(new URL('../migrations', import.meta.url));

/** Brings the schema up to date (numbered SQL files, all in one transaction); waits while another process does. Returns what it ran. */
export async function migrate(databaseUrl: string): Promise<string[]> {
  const ran = await runner({
    databaseUrl,
    dir,
    direction: 'up',
    migrationsTable: 'migration',
    checkOrder: true,
    advisoryLockMode: 'wait',
    log: () => {},
  });
  return ran.map((migration) => migration.name);
}
