import { actionLimits, errorMessage, NightshiftError } from '@nightshift/types';
import type { Admitted } from './admission.ts';
import type { Executor } from './executor.ts';
import { letGo } from './gate.ts';
import type { Provider, SendRequest, SendResult } from './providers/provider.ts';
import { providerFor } from './providers/registry.ts';
import { findTarget } from './target.ts';

export type Performed =
  | SendResult
  /** Stopped between admission and effect, by this rule: this attempt sent nothing. */
  | { outcome: 'stopped'; reason: string; detail: string };

/** Sends an admitted action, once. Never throws, and ends before the lease does: whatever happens comes back as a result to record. */
export async function perform(executor: Executor, admitted: Admitted, jobSignal: AbortSignal): Promise<Performed> {
  const { action, recovered } = admitted;
  const found = findTarget(executor.catalogue(), action.planned);
  const provider = found.ok ? providerFor(executor.providers, found.target, action.planned.type) : null;
  if (!found.ok || !provider)
    return { outcome: 'refused', detail: found.ok ? 'no provider can do this' : found.reason };

  const stopped = await lastLook(executor, admitted);
  if (stopped) return stopped;
  // A process that was stopped (SIGSTOP, a long pause) after its admission finds its lease gone here, before anything is sent.
  const leftMs = admitted.leaseEndsAt - performance.now() - actionLimits.leaseMarginMs / 2;
  if (leftMs <= 0) return { outcome: 'failed', detail: 'not sent: the lease was nearly over', again: true };
  const signal = AbortSignal.any([jobSignal, AbortSignal.timeout(Math.min(action.planned.timeoutMs, leftMs))]);
  const request: SendRequest = {
    target: found.target,
    key: action.id,
    incidentId: action.incidentId,
    action: action.planned,
    env: executor.env,
    signal,
  };
  try {
    return (
      (recovered && action.planned.class === 'probe' && (await askFirst(provider, request))) ||
      (await provider.send(request))
    );
  } catch (error) {
    if (error instanceof NightshiftError && error.code === 'ACTION_UNSUPPORTED')
      return { outcome: 'refused', detail: error.message };
    return { outcome: 'uncertain', detail: signal.aborted ? 'no answer in time' : errorMessage(error) };
  }
}

async function lastLook(executor: Executor, admitted: Admitted): Promise<Performed | null> {
  try {
    const refusal = await letGo(executor, admitted);
    return refusal && { outcome: 'stopped', reason: refusal.reason, detail: `not sent: ${refusal.detail}` };
  } catch (error) {
    return { outcome: 'failed', detail: `not sent: the ledger cannot be written: ${errorMessage(error)}`, again: true };
  }
}

/** Was it done? Null: it was not, and may be sent. */
async function askFirst(provider: Provider, request: SendRequest): Promise<SendResult | null> {
  const answer = provider.probe ? await provider.probe(request) : 'unknown';
  if (typeof answer === 'object') return answer.ended;
  if (answer === 'not_done') return null;
  if (answer === 'done') return { outcome: 'succeeded', detail: 'an earlier attempt had done it, says the target' };
  return { outcome: 'uncertain', detail: 'the target cannot say whether an earlier attempt had done it' };
}
