import { migrate, openDb, type Db } from '@nightshift/db';
import { createDatabase, startEmbeddedPostgres } from '@nightshift/db/embedded';

/** The database of the run, which can be stopped as by `pg_ctl stop -m immediate`: no clean shutdown, recovery at the next start. */
export type Truth = { url: string; db: Db; crash(): Promise<void>; close(): Promise<void> };

export async function startTruth(dir: string): Promise<Truth> {
  let server = await startEmbeddedPostgres({ dir, maxConnections: 200 });
  const { port } = server;
  const url = await createDatabase(server.url, 'nightshift');
  await migrate(url);
  const db = openDb({ url, name: 'faults', max: 8 });
  // The server is killed here, never the machine: what it gave to the kernel survives, and the disk need not be waited for.
  await db.query('ALTER SYSTEM SET fsync = off');
  await db.query('SELECT pg_reload_conf()');
  return {
    url,
    db,
    async crash() {
      await server.kill();
      server = await startEmbeddedPostgres({ dir, port, maxConnections: 200 });
    },
    async close() {
      await db.close();
      await server.kill();
    },
  };
}

/** The same database under a name of the caller's own, so that it can be told apart in pg_stat_activity. */
export function urlAs(url: string, name: string): string {
  const named = new URL(url);
  named.searchParams.set('application_name', name);
  return named.href;
}
