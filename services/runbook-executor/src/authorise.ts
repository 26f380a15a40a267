import type { Tx } from '@nightshift/db';
import { modeChange } from '@nightshift/lifecycle';
import { planHash, progressOf, type Refusal } from '@nightshift/runbooks';
import { alwaysApprove, type Approval } from '@nightshift/types';
import { outsideRollbackWindow } from './rollback.ts';
import { announcedPlan, deployedAt, findPlan, planOf, type LedgerAction, type LockedIncident } from './store.ts';

export type LockedApproval = Pick<Approval, 'id' | 'planHash' | 'required' | 'expiresAt' | 'state'>;

/** The approval that goes with an action's plan, locked, or null where none was asked for. */
export async function lockApproval(tx: Tx, action: LedgerAction): Promise<LockedApproval | null> {
  const [approval] = await tx.query<LockedApproval>(
    `SELECT id, plan_hash AS "planHash", required, expires_at AS "expiresAt", state FROM approval
      WHERE incident_id = $1 AND generation = $2 FOR UPDATE`,
    [action.incidentId, action.generation],
  );
  return approval ?? null;
}

/** Whether the plan still is what was announced and, where it had to be, approved. Runs inside admission, on locked rows. */
export async function planRefusal(
  tx: Tx,
  action: LedgerAction,
  incident: LockedIncident,
  approval: LockedApproval | null,
  at: number,
): Promise<Refusal | null> {
  const plan = await planOf(tx, action.incidentId, action.generation);
  const announced = await announcedPlan(tx, action.incidentId, action.planHash);
  if (!announced) return { reason: 'plan', detail: 'the timeline knows of no such plan' };
  const made = await findPlan(tx, action.planHash);
  if (!made) return { reason: 'plan', detail: 'the plan is not on record' };
  const hash = planHash({
    ...made,
    incidentId: action.incidentId,
    runbook: announced.runbook,
    runbookHash: announced.hash,
    actions: plan.map((entry) => entry.planned),
  });
  if (hash !== action.planHash || !plan.every((entry) => entry.columnsAgree)) {
    return { reason: 'plan', detail: 'the plan was changed after it was announced: it is void' };
  }
  const next = progressOf(plan);
  if (next.kind !== 'act' || next.step.id !== action.id) return { reason: 'plan', detail: 'it is not the next step' };
  const asked = announced.kind === 'approval_requested' || (await demotedSince(tx, announced.runbook, incident, plan));
  const needed = approvalsNeeded(plan, incident, asked);
  return needed === 0 ? null : approvalRefusal(approval, action, plan, needed, at);
}

/** A runbook that was taken down after it was chosen does not begin by itself any more; what it has begun it brings to an end. */
async function demotedSince(
  tx: Tx,
  runbook: string,
  { service }: LockedIncident,
  plan: LedgerAction[],
): Promise<boolean> {
  if (plan.some(({ attempts }) => attempts > 0)) return false;
  const change = await modeChange(tx, runbook, service);
  return change !== null && change.mode !== 'auto';
}

/** How many people must have agreed: whatever a runbook says, some types need them always and a warning needs one. */
function approvalsNeeded(plan: LedgerAction[], incident: LockedIncident, asked: boolean): number {
  const byType = plan.map(({ planned }) => (alwaysApprove as Record<string, number>)[planned.type] ?? 0);
  return Math.max(asked || incident.severity !== 'critical' ? 1 : 0, ...byType);
}

function approvalRefusal(
  approval: LockedApproval | null,
  action: LedgerAction,
  plan: LedgerAction[],
  needed: number,
  at: number,
): Refusal | null {
  const no = (detail: string) => ({ reason: 'approval', detail });
  if (!approval) return no('it needs an approval and none was asked for');
  if (approval.planHash !== action.planHash) return no('the approval is for another plan');
  if (approval.required < needed) return no(`${needed} people must agree, the approval asked ${approval.required}`);
  if (approval.state === 'used') {
    // Spent by this very plan: its later steps and repeats go on under it. By anything else: never again.
    return plan.some((entry) => entry.attempts > 0) ? null : no('the approval was used already');
  }
  if (approval.state !== 'approved') return no(`the approval is ${approval.state}`);
  if (approval.expiresAt <= at) return no('the approval expired before the action began');
  return null;
}

/** Spends an approval: one plan, once. */
export async function spendApproval(tx: Tx, approval: LockedApproval | null) {
  if (approval?.state === 'approved') await tx.query(`UPDATE approval SET state = 'used' WHERE id = $1`, [approval.id]);
}

/** The age of a deployment again, by the database's clock and the recorded deployment: the plan may have waited for an approval. */
export async function rollbackRefusal(tx: Tx, { planned }: LedgerAction, at: number): Promise<Refusal | null> {
  if (planned.type !== 'rollback_deploy') return null;
  const deployed = await deployedAt(tx, String(planned.precondition['deploymentId']));
  if (deployed === null) return { reason: 'rollbackWindow', detail: 'the deployment to roll back is not on record' };
  const detail = outsideRollbackWindow(deployed, at);
  return detail === null ? null : { reason: 'rollbackWindow', detail };
}
