/** The audit log: one chain of entries that the database writes at each commit. Here it is only read. */
import { createHash } from 'node:crypto';
import type { Sql } from '@nightshift/db';

export type AuditEntry = { seq: number; at: number; actor: string; kind: string; subject: string; content: unknown };

export type AuditCheck =
  /** `head`: hash of the newest entry (hex). Noted elsewhere, it proves later that the end was not cut off. */
  { ok: true; entries: number; head: string } | { ok: false; seq: number; reason: string };

const pageRows = 1_000;
type Row = { seq: number; body: string; prev: Buffer; hash: Buffer };

/** Walks the whole chain and names the first link that is broken. `head` (hex): a hash that it must still contain. */
export async function verifyAudit(sql: Sql, head?: string): Promise<AuditCheck> {
  let last: Pick<Row, 'seq' | 'hash'> = { seq: 0, hash: Buffer.alloc(0) };
  let met = head === undefined;
  for (;;) {
    const rows = await sql.query<Row>('SELECT seq, body, prev, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2', [
      last.seq,
      pageRows,
    ]);
    for (const row of rows) {
      const reason = broken(row, last);
      if (reason) return { ok: false, seq: last.seq + 1, reason };
      met ||= row.hash.toString('hex') === head;
      last = row;
    }
    if (rows.length < pageRows) break;
  }
  if (!met)
    return {
      ok: false,
      seq: last.seq + 1,
      reason: `no entry has the hash ${head}: the end was cut off, or the chain is another one`,
    };
  return { ok: true, entries: last.seq, head: last.hash.toString('hex') };
}

function broken({ seq, body, prev, hash }: Row, last: Pick<Row, 'seq' | 'hash'>): string | null {
  if (seq !== last.seq + 1) return `entry ${last.seq + 1} is missing`;
  if (!prev.equals(last.hash)) return `entry ${seq} does not follow on the one before it`;
  if (!createHash('sha256').update(prev).update(body, 'utf8').digest().equals(hash))
    return `entry ${seq} is not what was hashed`;
  return seqOf(body) === seq ? null : `entry ${seq} says that it is another one`;
}

function seqOf(body: string): number | null {
  try {
    return (JSON.parse(body) as AuditEntry).seq;
  } catch {
    return null;
  }
}

export type AuditQuery = { kind?: string | undefined; subject?: string | undefined; limit: number };

/** The newest entries, the latest first. */
export async function listAudit(sql: Sql, { kind, subject, limit }: AuditQuery): Promise<AuditEntry[]> {
  const rows = await sql.query<{ body: string }>(
    `SELECT body FROM audit WHERE ($1::text IS NULL OR body::jsonb->>'kind' = $1) AND ($2::text IS NULL OR body::jsonb->>'subject' = $2)
      ORDER BY seq DESC LIMIT $3`,
    [kind ?? null, subject ?? null, limit],
  );
  return rows.map(({ body }) => JSON.parse(body) as AuditEntry);
}

/** Keeps which version of a configuration is in force, where that is news. */
export async function noteConfigVersion(sql: Sql, name: string, content: unknown): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  await sql.query(
    `INSERT INTO config_version (name, hash) SELECT $1, $2
      WHERE $2 IS DISTINCT FROM (SELECT hash FROM config_version WHERE name = $1 ORDER BY id DESC LIMIT 1)`,
    [name, hash],
  );
}
