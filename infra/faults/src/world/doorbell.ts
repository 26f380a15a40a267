import { mkdir, rm } from 'node:fs/promises';
import type { Db } from '@nightshift/db';
import { migrateQueue } from '@nightshift/queue';
import { startRedis } from '@nightshift/testkit';
import { Redis } from 'ioredis';

/** How a queue can lose what is in it. `killed_with_log` loses at most its last second. */
export type Wipe = 'flushed' | 'killed_without_log' | 'killed_with_log';

/** The queue of the run. */
export type Doorbell = { url: string; wipes: readonly Wipe[]; wipe(how: Wipe): Promise<void>; close(): Promise<void> };

/** A real Redis with its log on disk, as production has it. */
export async function redisDoorbell(aofDir: string): Promise<Doorbell> {
  await mkdir(aofDir, { recursive: true });
  let redis = await startRedis({ aofDir });
  const { url, port } = redis;
  return {
    url,
    wipes: ['flushed', 'killed_without_log', 'killed_with_log'],
    async wipe(how) {
      if (how === 'flushed') {
        const client = new Redis(url);
        await client.flushall();
        client.disconnect();
        return;
      }
      await redis.kill();
      if (how === 'killed_without_log') {
        await rm(aofDir, { recursive: true });
        await mkdir(aofDir);
      }
      redis = await startRedis({ aofDir, port });
    },
    close: () => redis.close(),
  };
}

/** The queue in the database, of which every job goes at once. */
export async function postgresDoorbell(url: string, db: Db): Promise<Doorbell> {
  await migrateQueue(url);
  const rows = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%'`,
  );
  const tables = rows.map(({ name }) => name).join(', ');
  return {
    url,
    wipes: ['flushed'],
    wipe: async () => void (await db.query(`TRUNCATE ${tables}`)),
    close: async () => {},
  };
}
