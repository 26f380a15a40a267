/** How far a plan is, and what comes next. Pure; the ledger's states say everything. */
import type { ActionState, PlannedAction } from '@nightshift/types';

/** A step of the ledger. */
export type Step = { planned: Pick<PlannedAction, 'step' | 'insteadOf' | 'when'>; state: ActionState };

export type Progress<S extends Step> =
  /** This one is to be done, or is being done. */
  | { kind: 'act'; step: S }
  /** This one turned out not to be needed. */
  | { kind: 'skip'; step: S; reason: string }
  /** Every step is done, answered by its branch, or was not needed; and something was done. */
  | { kind: 'done' }
  /** A step did not succeed and nothing answers it: the rest is not done. */
  | { kind: 'over'; reason: string };

/**
 * Steps go in order. One that certainly failed is answered by the steps that stand in for it, if any; whatever was denied or is
 * unknown ends the plan. `plan`: all steps of one plan, in order.
 */
export function progressOf<S extends Step>(plan: readonly S[]): Progress<S> {
  for (const step of plan) {
    const { state, planned } = step;
    if (state === 'succeeded' || state === 'skipped') continue;
    if (state === 'failed' && plan.some((other) => other.planned.insteadOf === planned.step)) continue;
    if (state !== 'planned' && state !== 'dispatching')
      return { kind: 'over', reason: `step ${planned.step + 1}: ${state}` };
    const reason = notNeeded(step, plan);
    return reason === null || state === 'dispatching' ? { kind: 'act', step } : { kind: 'skip', step, reason };
  }
  const unanswered = plan.find(({ state, planned }) => state === 'failed' && !answered(planned.step, plan));
  if (unanswered)
    return { kind: 'over', reason: `step ${unanswered.planned.step + 1} failed, and no step stood in for it` };
  if (!plan.some(({ state }) => state === 'succeeded')) return { kind: 'over', reason: 'no step was needed' };
  return { kind: 'done' };
}

const answered = (step: number, plan: readonly Step[]) =>
  plan.some(({ planned, state }) => planned.insteadOf === step && state === 'succeeded');

/** Null, or why the step has nothing to do. */
function notNeeded({ planned }: Step, plan: readonly Step[]): string | null {
  const endOf = (wanted: number) => plan.find((other) => other.planned.step === wanted)?.state;
  if (planned.insteadOf !== undefined && endOf(planned.insteadOf) !== 'failed')
    return `step ${planned.insteadOf + 1} did not fail`;
  const unmet = planned.when?.find(({ step, is }) => endOf(step) !== is);
  return unmet ? `step ${unmet.step + 1} ended as ${endOf(unmet.step)}, not ${unmet.is}` : null;
}
