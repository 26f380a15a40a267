import { redactText } from '@nightshift/runtime';
import { errorMessage, type ActionParams, type ActionType, type Catalogue, type Target } from '@nightshift/types';
import type { Env, PlanRequest, PlanResult, Provider } from './providers/provider.ts';
import { providerFor, providers } from './providers/registry.ts';

/** Whether one action that the catalogue allows could be planned now: provider, address, credentials. */
export type ExaminedAction = { service: string; target: string; action: ActionType; ok: boolean; found: string };

const timeoutMs = 10_000;

/** Asks the provider of each allowed action for its plan, as an incident would, and sends nothing. */
export function examineActions(catalogue: Catalogue, env: Env): Promise<ExaminedAction[]> {
  const wanted = catalogue.services.flatMap(({ name, targets }) =>
    targets.flatMap((target) => target.actions.map((action) => ({ service: name, target, action }))),
  );
  return Promise.all(
    wanted.map(async ({ service, target, action }) => ({
      service,
      target: target.id,
      action,
      ...(await examine(target, action, env)),
    })),
  );
}

async function examine(target: Target, type: ActionType, env: Env): Promise<{ ok: boolean; found: string }> {
  const provider = providerFor(providers, target, type);
  if (!provider)
    return {
      ok: false,
      found: `no provider can do ${type} on a target of kind ${target.kind}: take it out of its actions`,
    };
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const plan = await ask(provider, { target, type, params: example(target, type), rollback: null, env, signal });
    if (!plan) return { ok: true, found: 'there is a provider; it can be asked only in an incident' };
    return plan.ok
      ? { ok: true, found: `can be planned: ${plan.call.summary}` }
      : { ok: false, found: redactText(plan.reason) };
  } catch (error) {
    return { ok: false, found: redactText(errorMessage(error)) };
  }
}

/** Which deployment to go back to is known only in an incident. */
function ask(provider: Provider, request: PlanRequest): Promise<PlanResult> | null {
  if (request.type !== 'rollback_deploy') return provider.plan(request);
  if (provider.couldRollBack) return provider.couldRollBack(request);
  return provider.supports.includes('restart_service') ? provider.plan({ ...request, type: 'restart_service' }) : null;
}

/** Parameters that a runbook might give. */
function example(target: Target, type: ActionType): ActionParams {
  if (type === 'scale_up') return target.kind === 'http' ? { from: 1, replicas: 2 } : { add: 1 };
  if (type === 'clear_cache' && target.kind === 'host' && target.clear) return { folder: target.clear.folders[0]! };
  return {};
}
