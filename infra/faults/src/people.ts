import type { Db } from '@nightshift/db';
import { approvalColumns, decideApproval, startLoop, step } from '@nightshift/lifecycle';
import type { Approval } from '@nightshift/types';

/** Whoever is on call says yes to every plan that waits for an approval. */
export const startApprovers = (db: Db) =>
  startLoop({
    everyMs: 400,
    onError: () => {}, // expired, decided meanwhile, or the database is away: looked at again
    async round() {
      const pending = await db.query<Approval>(`SELECT ${approvalColumns} FROM approval WHERE state = 'pending'`);
      for (const { id, planHash } of pending)
        await decideApproval(db, { approvalId: id, planHash, by: 'ada', verdict: 'approve' });
      return 'idle';
    },
  });

/** Who was paged has mended it, and says so. */
export async function resolveEscalated(db: Db): Promise<void> {
  const open = await db.query<{ id: string }>(`SELECT id FROM incident WHERE state = 'escalated'`);
  for (const { id } of open)
    await step(db, id, { kind: 'resolved_by_person', by: 'ada', reason: 'mended by hand' }, { actor: 'ada' });
}
