import type { Tx } from '@nightshift/db';
import { stepIn } from '@nightshift/lifecycle';
import { progressOf } from '@nightshift/runbooks';
import { redactText } from '@nightshift/runtime';
import { inputLimits } from '@nightshift/types';
import { actor } from './executor.ts';
import { cancelRest, planOf, type LedgerAction } from './store.ts';

export type Finish = {
  state: 'succeeded' | 'failed' | 'denied' | 'unknown';
  detail: string;
  /** The job that this ends, where one runs. */
  job?: { generation: number };
};

/**
 * Writes the end of an action, and what follows, in the caller's transaction: another step, or a remediated incident; where nothing
 * answers a failure, the rest of the plan is cancelled and a person is told.
 */
export async function finishAction(
  tx: Tx,
  action: LedgerAction,
  { state, detail, job }: Finish,
): Promise<'next_step' | 'ended'> {
  const text = presentable(detail);
  const { step, type, target, summary } = action.planned;
  const options = { actor, ...(job ? { job: { stage: 'remediate' as const, generation: job.generation } } : {}) };
  await tx.query(
    `UPDATE action SET state = $2, finished_at = nightshift_now(), lease_until = NULL, detail = $3 WHERE id = $1`,
    [action.id, state, text],
  );
  await stepIn(
    tx,
    action.incidentId,
    { kind: 'action_finished', actionId: action.id, step, type, target, outcome: state, detail: text },
    { actor },
  );
  const progress = await settleSkipped(tx, action);
  if (progress.kind === 'act') return 'next_step';
  if (progress.kind === 'done') {
    const plan = await planOf(tx, action.incidentId, action.generation);
    const done = plan.filter((entry) => entry.state === 'succeeded').map((entry) => entry.planned.summary);
    await stepIn(tx, action.incidentId, { kind: 'remediated', detail: done.join('; ') }, options);
    return 'ended';
  }
  await cancelRest(tx, action.incidentId, action.generation);
  const outcome = state === 'succeeded' ? ('failed' as const) : state;
  const why = state === 'succeeded' ? progress.reason : `${summary}: ${text}`;
  await stepIn(tx, action.incidentId, { kind: 'remedy_failed', outcome, detail: why }, options);
  return 'ended';
}

/** Marks every step that turned out not to be needed, and says what comes then. */
export async function settleSkipped(tx: Tx, { incidentId, generation }: LedgerAction) {
  for (;;) {
    const progress = progressOf(await planOf(tx, incidentId, generation));
    if (progress.kind !== 'skip') return progress;
    const { id, planned } = progress.step;
    await tx.query(
      `UPDATE action SET state = 'skipped', finished_at = nightshift_now(), detail = $2 WHERE id = $1 AND state = 'planned'`,
      [id, `not needed: ${progress.reason}`],
    );
    const text = `step ${planned.step + 1} (${planned.summary}) is not needed: ${progress.reason}`;
    await stepIn(tx, incidentId, { kind: 'note', by: actor, text }, { actor });
  }
}

/** What a provider said, fit for the database and a page: without secrets, bounded. Postgres keeps no NUL in text. */
export function presentable(text: string): string {
  const clean = redactText(text.replaceAll('\0', ''));
  return clean.length <= inputLimits.outputChars ? clean : `${clean.slice(0, inputLimits.outputChars - 1)}…`;
}
