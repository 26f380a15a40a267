import { backOffMs as pauseMs } from '@nightshift/runbooks';
import type { ActionClass } from '@nightshift/types';
import type { Performed } from './perform.ts';

/** What the ledger records after one attempt. */
export type Next =
  | { kind: 'final'; state: 'succeeded' | 'failed' | 'denied' | 'unknown' }
  /** `uncertain`: the effect may have happened, so until it is settled the action counts as being under way. */
  | { kind: 'retry'; certainty: 'not_done' | 'uncertain'; afterMs: number };

export type Attempt = {
  class: ActionClass;
  /** Counted from 1. */
  attempt: number;
  maxRetries: number;
  /** Before the first repeat (ms); absent in plans of the first version. */
  backOffMs?: number | undefined;
  /** An earlier attempt may have taken effect without anybody knowing. */
  recovered: boolean;
};

/**
 * Pure. Only what a provider declared harmless to repeat is repeated, and only as often as the runbook says; an action that can be
 * neither repeated nor asked about ends after one attempt. Once an attempt's effect is uncertain, a later refusal does not settle it.
 */
export function afterAttempt(
  result: Performed,
  { class: kind, attempt, maxRetries, backOffMs, recovered }: Attempt,
): Next {
  if (result.outcome === 'succeeded') return { kind: 'final', state: 'succeeded' };
  if (result.outcome === 'stopped') return { kind: 'final', state: recovered ? 'unknown' : 'denied' };
  const uncertain = recovered || result.outcome === 'uncertain';
  const mayRepeat = kind !== 'once' && attempt <= maxRetries;
  const worthIt = result.outcome === 'uncertain' || (result.outcome === 'failed' && result.again);
  if (mayRepeat && worthIt) {
    return { kind: 'retry', certainty: uncertain ? 'uncertain' : 'not_done', afterMs: pauseMs(attempt, backOffMs) };
  }
  return { kind: 'final', state: uncertain ? 'unknown' : 'failed' };
}
