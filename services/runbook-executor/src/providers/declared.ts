import { declaredScale } from '@nightshift/runbooks';
import type { ActionParams, ActionType } from '@nightshift/types';
import type { Rollback } from '../rollback.ts';
import type { Call } from './provider.ts';

export type Declared =
  | { ok: true; value: Pick<Call, 'params' | 'precondition'> & { words: string } }
  | { ok: false; reason: string };

/**
 * The exact call where the target cannot be asked how it is: what the runbook and the recorded deployments say, for its receiver to
 * check. `words` go on after "to".
 */
export function declaredCall(type: ActionType, params: ActionParams, rollback: Rollback | null): Declared {
  if (type === 'scale_up') {
    const goal = declaredScale(params);
    if (!goal.ok) return goal;
    const { from, to: replicas } = goal.value;
    const words = `scale from ${from} to ${replicas} instances`;
    return { ok: true, value: { params: { replicas }, precondition: { replicas: from }, words } };
  }
  if (type === 'rollback_deploy') {
    if (!rollback) return { ok: false, reason: 'no deployment to roll back was found' };
    const { from, to, deploymentId, deployedAt } = rollback;
    const precondition = { version: from, deploymentId, deployedAt };
    return {
      ok: true,
      value: { params: { ...params, from, to }, precondition, words: `roll back from ${from} to ${to}` },
    };
  }
  return { ok: true, value: { params, precondition: {}, words: `${type}${inWords(params)}` } };
}

function inWords(params: ActionParams): string {
  const words = Object.entries(params).map(([key, value]) => `${key} ${value}`);
  return words.length === 0 ? '' : ` (${words.join(', ')})`;
}
