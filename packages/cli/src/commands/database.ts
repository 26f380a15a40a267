import { openDb, type Db } from '@nightshift/db';
import { findRunning } from '../data-folder.ts';
import { dataFolder } from '../folders.ts';

/** DATABASE_URL, or the database of the Nightshift that runs here. Throws NOT_RUNNING where there is neither. */
export const databaseUrl = (): string => process.env.DATABASE_URL || findRunning(dataFolder(process.env)).databaseUrl;

export async function withDatabase<T>(work: (db: Db) => Promise<T>): Promise<T> {
  const db = openDb({ url: databaseUrl(), name: 'nightshift cli', max: 2 });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
