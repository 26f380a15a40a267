import { explain as read, explanationInWords } from '@nightshift/runbooks';
import { incidentOrNewest, withDatabase } from './database.ts';

/** Tells the whole story of a decision: evidence, classification, every runbook with the condition that failed, every limit. */
export const explain = (incidentId: string | undefined, options: { json: boolean }): Promise<number> =>
  withDatabase(async (db) => {
    const story = await read(db, await incidentOrNewest(db, incidentId));
    process.stdout.write(`${options.json ? JSON.stringify(story) : explanationInWords(story).join('\n')}\n`);
    return 0;
  });
