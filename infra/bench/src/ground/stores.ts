import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate, openDb, type Db } from '@nightshift/db';
import { createDatabase, startEmbeddedPostgres } from '@nightshift/db/embedded';
import { freePort, installed, startChild } from './child.ts';
import { processMeter, treeMeter, type Meter } from './cpu.ts';
import type { House } from './house.ts';

export type Redis = { url: string; pid: number; meter: Meter };
export type Postgres = { url: string; pid: number; db: Db; meter: Meter };

/** A real Redis. `settings` over none: neither snapshots nor a log on disk. */
export async function startRedis(house: House, name: string, settings: Record<string, string> = {}): Promise<Redis> {
  if (!installed('redis-server')) {
    throw new Error('this benchmark wants a redis-server, and none is found (on Debian: apt-get install redis-server)');
  }
  const port = await freePort();
  const given = { port: String(port), bind: '127.0.0.1', save: '', appendonly: 'no', dir: house.dir, ...settings };
  const args = Object.entries(given).flatMap(([key, value]) => [`--${key}`, value]);
  let words = '';
  const child = await startChild(house, name, { file: 'redis-server', args }, async ({ stdout }) => {
    if (words === '') stdout?.on('data', (chunk: Buffer) => (words += chunk.toString()));
    words ||= ' ';
    return words.includes('Ready to accept connections');
  });
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid, meter: processMeter('redis', child.pid) };
}

/** As docker-compose runs it for Nightshift: with its log on disk, and refusing instead of forgetting. */
export const startQueueRedis = (house: House): Promise<Redis> =>
  startRedis(house, 'redis of the queue', { appendonly: 'yes', 'maxmemory-policy': 'noeviction' });

/** The embedded Postgres with a migrated database of its own, durable as in production. */
export async function startPostgres(house: House): Promise<Postgres> {
  const server = await startEmbeddedPostgres({ dir: join(house.dir, 'postgres'), maxConnections: 200 });
  house.onClose(() => server.stop());
  const url = await createDatabase(server.url, 'nightshift');
  await migrate(url);
  const db = openDb({ url, name: 'bench', max: 8 });
  house.onClose(() => db.close());
  const pid = Number(readFileSync(join(server.dir, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  return { url, pid, db, meter: treeMeter('postgres', pid) };
}
