import { openDb, type Db } from '@nightshift/db';

/** Pools to other people's databases: one per address for the life of the process, so that looking does not add to their load. */
export type Databases = { of(url: string): Db; close(): Promise<void> };

const connections = 2;
const statementTimeoutMs = 5_000;

export function openDatabases(onError: (error: Error) => void): Databases {
  const pools = new Map<string, Db>();
  return {
    of(url) {
      const known = pools.get(url);
      if (known) return known;
      const opened = openDb({ url, name: 'nightshift diagnostics', max: connections, statementTimeoutMs, onError });
      pools.set(url, opened);
      return opened;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}
