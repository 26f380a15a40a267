/**
 * T1: intent before effect. One READ COMMITTED transaction in which an action is either admitted, under a lease and a new fence, or
 * refused with the rule that refuses it. Locks are taken in one order everywhere: action, approval, incident, switch, budgets.
 */
import { now, type Tx } from '@nightshift/db';
import { stepIn } from '@nightshift/lifecycle';
import { exceededLimit, quantityOf, tooWide, type Refusal, type Use } from '@nightshift/runbooks';
import { actionLimits, type Catalogue } from '@nightshift/types';
import { lockApproval, planRefusal, rollbackRefusal, spendApproval, type LockedApproval } from './authorise.ts';
import { actor, type Executor } from './executor.ts';
import { finishAction } from './finish.ts';
import { stopRefusal } from './gate.ts';
import { coolDown, holdBack, targetBusyMs } from './one-at-a-time.ts';
import { lockAction, lockIncident, usesOf, type LedgerAction } from './store.ts';
import { locationOf, targetRefusal } from './target.ts';
import { waitFor } from './wait-for.ts';

export type Admitted = {
  kind: 'admitted';
  action: LedgerAction;
  fence: number;
  /** Counted from 1. */
  attempt: number;
  /** An earlier attempt may have taken effect. */
  recovered: boolean;
  /** When the lease ends, on this process's monotonic clock (performance.now()); safe under SIGSTOP. */
  leaseEndsAt: number;
};

export type Admission =
  | Admitted
  /** Another executor, another action on the target, a back-off, or a step that waits: ask again then. */
  | { kind: 'busy'; againMs: number }
  | { kind: 'refused'; refusal: Refusal }
  /** Nothing to do any more: it is finished, its wait was in vain, or the incident went on without it. */
  | { kind: 'ended' };

/** Executors may die while sending this often beyond the declared retries; then a person looks. */
const recoveriesMax = 3;

/** What admission goes by beside the database: the files as they are now. */
export type Rules = Pick<Executor, 'db' | 'catalogue' | 'freezes'>;

/** When it is refused, its job is finished in the same transaction. */
export function admit(rules: Rules, actionId: string, job: { generation: number }): Promise<Admission> {
  return rules.db.tx(async (tx) => {
    const action = await lockAction(tx, actionId);
    if (action.state !== 'planned' && action.state !== 'dispatching') return { kind: 'ended' };
    const taken = (action.leaseUntil ?? 0) - (await now(tx));
    if (taken > 0) return { kind: 'busy', againMs: taken };
    const recovered = action.state === 'dispatching';

    const approval = await lockApproval(tx, action);
    const incident = await lockIncident(tx, action.incidentId);
    if (incident.state !== 'remediating') {
      await leave(tx, action, recovered, incident.state);
      return { kind: 'ended' };
    }
    const early =
      recoveryRefusal(action, recovered) ??
      targetRefusal(rules.catalogue(), action) ??
      (await stopRefusal(tx, rules, action.service));
    if (early) return refuse(tx, action, recovered, early, job);

    const waiting = recovered ? 'ready' : await waitFor(tx, action);
    if (waiting !== 'ready') {
      if ('againMs' in waiting) return { kind: 'busy', againMs: waiting.againMs };
      await finishAction(tx, action, { state: 'failed', detail: waiting.failed, job });
      return { kind: 'ended' };
    }

    await lockBudgets(tx, action);
    const stamp = performance.now();
    const at = await now(tx);
    const busyMs = await targetBusyMs(tx, action, at);
    if (busyMs > 0) return { kind: 'busy', againMs: busyMs };
    const [use, others] = [useOf(action, rules.catalogue(), at), await usesOf(tx, action, at)];
    const late =
      (await planRefusal(tx, action, incident, approval, at)) ??
      (await rollbackRefusal(tx, action, at)) ??
      exceededLimit(use, others, at) ??
      (agreed(approval) ? null : tooWide(rules.catalogue(), use, others, at));
    if (late) return refuse(tx, action, recovered, late, job);
    const cooling = await coolDown(tx, rules.catalogue(), action, at);
    if (cooling) return { kind: 'busy', againMs: await holdBack(tx, action, cooling, at) };

    await spendApproval(tx, approval);
    const leaseMs = action.planned.timeoutMs + actionLimits.leaseMarginMs;
    const attempt = action.attempts + 1;
    await tx.query(
      `UPDATE action SET state = 'dispatching', fence = fence + 1, attempts = attempts + 1, admitted_at = ms($2), lease_until = ms($3), location = $4 WHERE id = $1`,
      [action.id, at, at + leaseMs, use.location],
    );
    const { step, type, target, summary } = action.planned;
    await stepIn(
      tx,
      action.incidentId,
      { kind: 'action_started', actionId: action.id, step, type, target, attempt, summary },
      { actor },
    );
    return { kind: 'admitted', action, fence: action.fence + 1, attempt, recovered, leaseEndsAt: stamp + leaseMs };
  });
}

/**
 * Makes admissions that could count against each other queue up: they update the same rows, and see what the ones before them
 * committed. Always in sorted order, so that they cannot wait for each other in a circle.
 */
async function lockBudgets(tx: Tx, { planned, service }: LedgerAction) {
  const scopes = ['global', `service:${service}`, `target:${planned.target}`, `type:${planned.type}`].sort();
  await tx.query(
    `INSERT INTO budget (scope, v) SELECT scope, 1 FROM unnest($1::text[]) WITH ORDINALITY AS s (scope, nth) ORDER BY nth
     ON CONFLICT (scope) DO UPDATE SET v = budget.v + 1`,
    [scopes],
  );
}

function recoveryRefusal({ planned, attempts }: LedgerAction, recovered: boolean): Refusal | null {
  if (!recovered) return null;
  if (planned.class === 'once')
    return {
      reason: 'lease_expired',
      detail: 'its executor vanished while sending, and it can be neither repeated nor asked about',
    };
  if (attempts > planned.maxRetries + recoveriesMax)
    return { reason: 'lease_expired', detail: `its executors vanished while sending, ${attempts} times` };
  return null;
}

/** A person has agreed to the plan: what it needs of approvals was checked. */
const agreed = (approval: LockedApproval | null) => approval?.state === 'approved' || approval?.state === 'used';

const useOf = (action: LedgerAction, catalogue: Catalogue, at: number): Use => ({
  id: action.id,
  incidentId: action.incidentId,
  type: action.planned.type,
  target: action.planned.target,
  service: action.service,
  quantity: quantityOf(action.planned),
  location: locationOf(catalogue, action.planned),
  admittedAt: at,
});

/** Refused after an attempt whose effect is unsettled is not "denied": it may have happened. */
async function refuse(
  tx: Tx,
  action: LedgerAction,
  recovered: boolean,
  refusal: Refusal,
  job: { generation: number },
): Promise<Admission> {
  const detail = recovered ? `it may have happened, and is not sent again: ${refusal.detail}` : refusal.detail;
  await finishAction(tx, action, { state: recovered ? 'unknown' : 'denied', detail, job });
  return { kind: 'refused', refusal };
}

/** The incident went on without this action, by a person or by its deadline. */
async function leave(tx: Tx, action: LedgerAction, recovered: boolean, state: string) {
  const detail = recovered
    ? `it may have happened: its executor vanished, and then the incident was ${state}`
    : `not done: the incident is ${state}`;
  if (recovered) await finishAction(tx, action, { state: 'unknown', detail });
  else
    await tx.query(`UPDATE action SET state = 'cancelled', finished_at = nightshift_now(), detail = $2 WHERE id = $1`, [
      action.id,
      detail,
    ]);
}
