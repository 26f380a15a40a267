import type { Tx } from '@nightshift/db';
import { stepIn } from '@nightshift/lifecycle';
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
 * Writes the end of an action, and what follows, in the caller's transaction: after the last success the incident is remediated; after
 * anything else the rest of the plan is cancelled and a person is told.
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
  if (state === 'succeeded') {
    const plan = await planOf(tx, action.incidentId, action.generation);
    if (!plan.every((entry) => entry.state === 'succeeded')) return 'next_step';
    await stepIn(
      tx,
      action.incidentId,
      { kind: 'remediated', detail: plan.map((entry) => entry.planned.summary).join('; ') },
      options,
    );
    return 'ended';
  }
  await cancelRest(tx, action.incidentId, action.generation);
  await stepIn(
    tx,
    action.incidentId,
    { kind: 'remedy_failed', outcome: state, detail: `${summary}: ${text}` },
    options,
  );
  return 'ended';
}

/** What a provider said, fit for the database and a page: without secrets, bounded. Postgres keeps no NUL in text. */
export function presentable(text: string): string {
  const clean = redactText(text.replaceAll('\0', ''));
  return clean.length <= inputLimits.outputChars ? clean : `${clean.slice(0, inputLimits.outputChars - 1)}…`;
}
