/** In which mode a runbook acts for a service, and how its uses change that. */
import { only, type Sql, type Tx } from '@nightshift/db';
import { modeLimits, type Incident, type IncidentEvent, type RunbookMode } from '@nightshift/types';
import { demotionDue, type Evidence } from './evidence.ts';

/** A change of mode, as kept. `hash`: the version of the runbook that was promoted. */
export type ModeChange = { mode: RunbookMode; hash: string; by: string; reason: string; at: number };

const order: RunbookMode[] = ['observe', 'approve', 'auto'];
export const isLower = (one: RunbookMode, other: RunbookMode) => order.indexOf(one) < order.indexOf(other);

/**
 * What a runbook may do for a service: what its file says, until it was promoted or demoted. A demotion holds until somebody promotes;
 * a promotion above what the file says holds for the version that earned it.
 */
export function effectiveMode(declared: RunbookMode, hash: string, change: ModeChange | null): RunbookMode {
  if (!change) return declared;
  return isLower(change.mode, declared) || change.hash === hash ? change.mode : declared;
}

/** The change in force, or null where the file's word counts. */
export async function modeChange(sql: Sql, runbook: string, service: string): Promise<ModeChange | null> {
  const [row] = await sql.query<ModeChange>(
    'SELECT mode, hash, by, reason, at FROM runbook_mode WHERE runbook = $1 AND service = $2 ORDER BY id DESC LIMIT 1',
    [runbook, service],
  );
  return row ?? null;
}

/**
 * The uses of a runbook for a service since its mode was last changed: a promotion is not undone by what happened before it.
 * Failures in a row count from the newest use back.
 */
export async function evidenceOf(sql: Sql, runbook: string, service: string): Promise<Evidence> {
  return only(
    await sql.query<Evidence>(
      `WITH since AS (SELECT coalesce(max(at), '-infinity') AS at FROM runbook_mode WHERE runbook = $1 AND service = $2),
            uses AS (SELECT o.* FROM runbook_outcome o, since WHERE runbook = $1 AND service = $2 AND o.at > since.at)
       SELECT count(*) FILTER (WHERE succeeded) AS succeeded, count(*) FILTER (WHERE NOT succeeded) AS failed,
              count(*) FILTER (WHERE NOT succeeded AND id > coalesce((SELECT max(id) FROM uses WHERE succeeded), 0)) AS "failedInARow",
              (SELECT count(*) FROM event e JOIN incident i ON i.id = e.incident_id, since
                WHERE i.service = $2 AND e.at > since.at AND e.event->>'kind' = 'remedy_failed' AND e.event->>'outcome' = 'observed'
                  AND e.event->>'runbook' = $1) AS observed
         FROM uses`,
      [runbook, service],
    ),
  );
}

export type NewMode = { runbook: string; service: string; mode: RunbookMode; hash: string; by: string; reason: string };

/** Puts a mode into force; the evidence at that moment is kept with it. */
export async function changeMode(tx: Tx, { runbook, service, mode, hash, by, reason }: NewMode): Promise<void> {
  await tx.query(
    `INSERT INTO runbook_mode (runbook, service, mode, hash, by, reason, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [runbook, service, mode, hash, by, reason, JSON.stringify(await evidenceOf(tx, runbook, service))],
  );
}

/**
 * What an event says of the runbook that was used: true: it worked, false: it did not, null: nothing. A deadline that passed says that
 * nobody looked, not that the runbook failed.
 */
function outcomeOf(event: IncidentEvent, after: Incident): boolean | null {
  if (event.kind === 'recovered') return after.resolution === 'automated' ? true : null;
  if (event.kind === 'not_recovered') return false;
  if (event.kind === 'remedy_failed') return event.outcome === 'failed' || event.outcome === 'unknown' ? false : null;
  return null;
}

/**
 * Keeps how the use of a runbook ended and, after too many failures in a row, takes it down one mode, in the transaction that records the
 * failure. Returns a sentence for the timeline where it did.
 */
export async function noteOutcome(tx: Tx, event: IncidentEvent, after: Incident): Promise<string | null> {
  const succeeded = outcomeOf(event, after);
  if (succeeded === null || after.runbook === null) return null;
  const [used] = await tx.query<{ hash: string; declared: RunbookMode }>(
    `SELECT v.hash, v.content->>'mode' AS declared FROM event e JOIN runbook_version v ON v.hash = e.event->>'hash'
      WHERE e.incident_id = $1 AND e.event->>'runbook' = $2 AND e.event->>'kind' IN ('runbook_chosen', 'approval_requested')
      ORDER BY e.seq DESC LIMIT 1`,
    [after.id, after.runbook],
  );
  if (!used) return null;
  const { runbook, service } = after;
  // One at a time per runbook and service, so that of two failures at once the second sees the first.
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `nightshift mode of ${runbook} for ${service}`,
  ]);
  await tx.query(
    'INSERT INTO runbook_outcome (incident_id, runbook, service, hash, succeeded) VALUES ($1, $2, $3, $4, $5)',
    [after.id, runbook, service, used.hash, succeeded],
  );
  if (succeeded) return null;
  const mode = effectiveMode(used.declared, used.hash, await modeChange(tx, runbook, service));
  const lower = demotionDue(mode, await evidenceOf(tx, runbook, service));
  if (!lower) return null;
  const reason = `${modeLimits.demoteAfterFailures} failures in a row`;
  await changeMode(tx, { runbook, service, mode: lower, hash: used.hash, by: 'nightshift', reason });
  return `runbook ${runbook} is in ${lower} for ${service} from now on, no longer in ${mode}: ${reason}`;
}
