import { openDb, type Db } from '@nightshift/db';
import { NightshiftError } from '@nightshift/types';
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

/** The incident that was named, or the newest one. Throws NOT_FOUND where there is none at all. */
export async function incidentOrNewest(db: Db, incidentId: string | undefined): Promise<string> {
  if (incidentId !== undefined) return incidentId;
  const [row] = await db.query<{ id: string }>('SELECT id FROM incident ORDER BY opened_at DESC, id DESC LIMIT 1');
  if (!row) throw new NightshiftError('NOT_FOUND', 'there is no incident yet');
  return row.id;
}
