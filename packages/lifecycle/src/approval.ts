import type { Db, Tx } from '@nightshift/db';
import { now } from '@nightshift/db';
import { NightshiftError, type Approval } from '@nightshift/types';
import { stepIn } from './step.ts';

/** Columns of `approval` under the names of the type. */
export const approvalColumns = `id, incident_id AS "incidentId", plan_hash AS "planHash", runbook, summary, required,
  requested_by AS "requestedBy", requested_at AS "requestedAt", expires_at AS "expiresAt", state`;

export type Verdict = {
  approvalId: string;
  planHash: string;
  by: string;
  verdict: 'approve' | 'reject';
  reason?: string;
};

/**
 * A person says yes or no to one plan, named by its hash. Throws NOT_FOUND, or CONFLICT with the reason: expired, decided already,
 * another plan, own request, voted already. Returns how many agreed and how many must.
 */
export function decideApproval(
  db: Db,
  verdict: Verdict,
): Promise<{ state: Approval['state']; agreed: number; required: number }> {
  return db.tx(async (tx) => {
    const approval = await lockApproval(tx, verdict.approvalId);
    refuseUnfit(approval, verdict, await now(tx));
    const votes = await tx.query(
      `INSERT INTO decision (approval_id, approver, verdict, reason, at) SELECT $1, $2, $3, $4, nightshift_now()
        WHERE NOT EXISTS (SELECT 1 FROM decision WHERE approval_id = $1 AND lower(trim(approver)) = lower(trim($2))) RETURNING 1`,
      [approval.id, verdict.by, verdict.verdict, verdict.reason ?? ''],
    );
    if (votes.length === 0) throw conflict(`${verdict.by} has decided on this plan already`);
    if (verdict.verdict === 'reject') {
      await finish(tx, approval.id, 'rejected');
      await stepIn(
        tx,
        approval.incidentId,
        { kind: 'rejected', approvalId: approval.id, by: verdict.by, reason: verdict.reason ?? '' },
        { actor: verdict.by },
      );
      return { state: 'rejected', agreed: 0, required: approval.required };
    }
    const [count] = await tx.query<{ agreed: number }>(
      `SELECT count(*) AS agreed FROM decision WHERE approval_id = $1 AND verdict = 'approve'`,
      [approval.id],
    );
    const agreed = count!.agreed;
    if (agreed < approval.required) return { state: 'pending', agreed, required: approval.required };
    const result = await stepIn(
      tx,
      approval.incidentId,
      { kind: 'approved', approvalId: approval.id, by: verdict.by },
      { actor: verdict.by },
    );
    if (!result.accepted) throw conflict(result.reason);
    await finish(tx, approval.id, 'approved');
    return { state: 'approved', agreed, required: approval.required };
  });
}

async function lockApproval(tx: Tx, id: string): Promise<Approval> {
  const [approval] = await tx.query<Approval>(`SELECT ${approvalColumns} FROM approval WHERE id = $1 FOR UPDATE`, [id]);
  if (!approval) throw new NightshiftError('NOT_FOUND', `there is no approval ${id}`);
  return approval;
}

function refuseUnfit(approval: Approval, verdict: Verdict, at: number) {
  if (approval.state !== 'pending') throw conflict(`this approval is ${approval.state} already`);
  if (approval.expiresAt <= at) throw conflict('this approval has expired');
  if (approval.planHash !== verdict.planHash) throw conflict('the plan is not the one that was shown: read it again');
  if (samePerson(approval.requestedBy, verdict.by)) throw conflict('who requested an action cannot approve it');
}

/** However they write their name. */
const samePerson = (one: string, other: string) => one.trim().toLowerCase() === other.trim().toLowerCase();

const finish = (tx: Tx, id: string, state: Approval['state']) =>
  tx.query('UPDATE approval SET state = $2 WHERE id = $1', [id, state]);

const conflict = (message: string) => new NightshiftError('CONFLICT', message);
