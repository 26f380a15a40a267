/** One action at a time on a target, whatever runbook or incident wants it; and a pause between those of different incidents. */
import type { Tx } from '@nightshift/db';
import { stepIn } from '@nightshift/lifecycle';
import { actionLimits, type Catalogue } from '@nightshift/types';
import { actor } from './executor.ts';
import type { LedgerAction } from './store.ts';
import { findTarget } from './target.ts';

/** How long another action still has its lease on the target. */
export async function targetBusyMs(tx: Tx, action: LedgerAction, at: number): Promise<number> {
  const [row] = await tx.query<{ until: number }>(
    `SELECT max(lease_until) AS until FROM action WHERE target = $1 AND id <> $2 AND state = 'dispatching' AND lease_until > ms($3)`,
    [action.planned.target, action.id, at],
  );
  return (row?.until ?? 0) - at;
}

export type Cooling = { until: number; words: string };

/** Whether what was sent to the target for another incident is too fresh, or null. Within an incident, verification is the pause. */
export async function coolDown(
  tx: Tx,
  catalogue: Catalogue,
  { incidentId, planned }: LedgerAction,
  at: number,
): Promise<Cooling | null> {
  const found = findTarget(catalogue, planned);
  const seconds = found.ok ? found.target.cooldownSeconds : undefined;
  const coolMs = seconds === undefined ? actionLimits.coolDownMs.default : seconds * 1_000;
  const [last] = await tx.query<{ id: string; incidentId: string; endedAt: number }>(
    `SELECT id, incident_id AS "incidentId", coalesce(finished_at, sent_at) AS "endedAt" FROM action
      WHERE target = $1 AND sent_at IS NOT NULL AND incident_id <> $2 AND coalesce(finished_at, sent_at) > ms($3)
      ORDER BY 3 DESC LIMIT 1`,
    [planned.target, incidentId, Math.trunc(at - coolMs)],
  );
  if (!last) return null;
  const until = last.endedAt + coolMs;
  const words = `waits for the cool-down of ${planned.target} (${coolMs / 1_000} s) after ${last.id} (${last.incidentId}), until ${new Date(until).toISOString()}`;
  return { until, words };
}

/** Says once on the timeline why it waits, and returns for how long. */
export async function holdBack(tx: Tx, action: LedgerAction, { until, words }: Cooling, at: number): Promise<number> {
  if (action.detail !== words) {
    await tx.query('UPDATE action SET detail = $2 WHERE id = $1', [action.id, words]);
    const text = `step ${action.planned.step + 1} (${action.planned.summary}) ${words}`;
    await stepIn(tx, action.incidentId, { kind: 'note', by: actor, text }, { actor });
  }
  return until - at;
}
