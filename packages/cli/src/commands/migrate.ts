import { migrate } from '@nightshift/db';
import { migrateQueue } from '@nightshift/queue';
import { databaseUrl } from './database.ts';

/** Brings the schema of the database, and of the queue where that is Postgres, up to date. Safe to repeat. */
export async function migrateAll(): Promise<number> {
  const url = databaseUrl();
  const ran = await migrate(url);
  await migrateQueue(process.env.QUEUE_URL || url);
  process.stdout.write(ran.length > 0 ? `ran ${ran.join(', ')}\n` : 'up to date\n');
  return 0;
}
