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

/** Whoever was paged mends the service by hand, then says so. */
export async function mendEscalated(db: Db, mend: (service: string) => void): Promise<void> {
  const told = await db.query<{ id: string; service: string }>(
    `SELECT id, service FROM incident WHERE state = 'escalated'
        AND EXISTS (SELECT 1 FROM notification WHERE incident_id = incident.id AND notification.state = 'sent')`,
  );
  for (const { id, service } of told) {
    mend(service);
    await step(db, id, { kind: 'resolved_by_person', by: 'ada', reason: 'mended by hand' }, { actor: 'ada' });
  }
}
