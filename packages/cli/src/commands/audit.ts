import { listAudit, verifyAudit, type AuditEntry } from '@nightshift/lifecycle';
import { say } from '../speak.ts';
import { withDatabase } from './database.ts';

/** Walks the chain of the audit log. Exit code 1 where a link is broken. */
export const verify = (options: { head?: string; json: boolean }) =>
  withDatabase(async (db) => {
    const result = await verifyAudit(db, options.head);
    if (options.json) say(JSON.stringify(result));
    else if (result.ok) say(`${result.entries} entries, every link holds; head ${result.head}`);
    else say(`broken at entry ${result.seq}: ${result.reason}`);
    return result.ok ? 0 : 1;
  });

/** Who changed what, the latest first. */
export const list = (options: { kind?: string; subject?: string; limit: number; json: boolean }) =>
  withDatabase(async (db) => {
    const entries = await listAudit(db, options);
    if (options.json) say(JSON.stringify(entries));
    else for (const entry of entries) say(line(entry));
    return 0;
  });

const lineChars = 200;

function line({ seq, at, actor, kind, subject, content }: AuditEntry): string {
  const text = `${String(seq).padStart(6)}  ${new Date(at).toISOString()}  ${actor.padEnd(18)} ${kind} ${subject}  ${JSON.stringify(content)}`;
  return text.length <= lineChars ? text : `${text.slice(0, lineChars - 1)}…`;
}
