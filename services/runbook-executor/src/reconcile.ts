import type { Db } from '@nightshift/db';
import { startLoop, type Loop } from '@nightshift/lifecycle';
import { finishAction } from './finish.ts';
import { lockAction } from './store.ts';

const batch = 100;

/**
 * Tidies the ledger behind incidents that went on without their plan: a person resolved them, or their deadline passed, while an
 * executor was dead. Sends nothing: what may have happened becomes `unknown`, what was never begun `cancelled`, what nobody decided `expired`.
 */
export function startReconciler(options: { db: Db; onError: (error: unknown) => void; everyMs?: number }): Loop {
  const { db, onError } = options;
  return startLoop({ everyMs: options.everyMs ?? 5_000, onError, round: () => reconcile(db) });
}

export async function reconcile(db: Db): Promise<'more' | 'idle'> {
  const orphans = await db.query<{ id: string }>(
    `SELECT action.id FROM action JOIN incident ON incident.id = incident_id
      WHERE (action.state = 'dispatching' AND lease_until <= nightshift_now() AND incident.state <> 'remediating')
         OR (action.state = 'planned' AND incident.state NOT IN ('awaiting_approval', 'remediating')) LIMIT $1`,
    [batch],
  );
  for (const { id } of orphans) await settle(db, id);
  await db.query(`UPDATE approval SET state = 'expired' WHERE state = 'pending' AND expires_at <= nightshift_now()`);
  return orphans.length === batch ? 'more' : 'idle';
}

function settle(db: Db, id: string): Promise<void> {
  return db.tx(async (tx) => {
    const action = await lockAction(tx, id);
    const [still] = await tx.query<{ state: string; over: boolean }>(
      `SELECT incident.state, coalesce(lease_until <= nightshift_now(), true) AS over FROM action JOIN incident ON incident.id = incident_id WHERE action.id = $1`,
      [id],
    );
    if (action.state === 'dispatching' && still!.over && still!.state !== 'remediating') {
      await finishAction(tx, action, {
        state: 'unknown',
        detail: `it may have happened: its executor vanished, and then the incident was ${still!.state}`,
      });
    } else if (action.state === 'planned' && !['awaiting_approval', 'remediating'].includes(still!.state)) {
      await tx.query(
        `UPDATE action SET state = 'cancelled', finished_at = nightshift_now(), detail = $2 WHERE id = $1`,
        [id, `not done: the incident is ${still!.state}`],
      );
    }
  });
}
