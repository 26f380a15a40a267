import type { Sql } from '@nightshift/db';
import type { Candidate } from '@nightshift/runbooks';
import { errorMessage, type Incident, type PlannedAction } from '@nightshift/types';
import type { Executor } from './executor.ts';
import type { PlanResult } from './providers/provider.ts';
import { providerFor } from './providers/registry.ts';
import { chooseRollback, type RollbackChoice } from './rollback.ts';
import { leftBehind, recentDeployments } from './store.ts';
import { resolveTarget, type Owned } from './target.ts';

export type Draft =
  /** Exact calls on exact targets, and the service that each target belongs to. */
  | { kind: 'ready'; actions: PlannedAction[]; services: string[] }
  /** It cannot be planned: the sentence says which step and why. `again`: a target could not be asked just now. */
  | { kind: 'unfit'; reason: string; again: boolean }
  /** Nobody can do that to that target. The action is here so that its denial is on record. */
  | { kind: 'unsupported'; reason: string; action: PlannedAction; service: string };

const planTimeoutMs = 10_000;

/** Turns a runbook into exact calls on the targets as they are now. Changes nothing. `at`: epoch ms, database clock. */
export async function draftPlan(
  executor: Executor,
  { runbook }: Candidate,
  incident: Incident,
  at: number,
  signal: AbortSignal,
): Promise<Draft> {
  const actions: PlannedAction[] = [];
  const services: string[] = [];
  for (const [i, step] of runbook.steps.entries()) {
    const resolved = resolveTarget(executor.catalogue(), incident.service, step.action, step.target);
    if (!resolved.ok) return { kind: 'unfit', reason: `step ${i + 1}: ${resolved.reason}`, again: false };
    const { target } = resolved;
    const provider = providerFor(executor.providers, target, step.action);
    const common = {
      step: i,
      type: step.action,
      target: target.id,
      provider: target.kind,
      timeoutMs: step.timeoutMs,
      maxRetries: step.maxRetries,
    };
    if (!provider) {
      const reason = `no provider can do this: ${step.action} on ${target.id} (${target.kind})`;
      const action: PlannedAction = {
        ...common,
        params: step.params,
        class: 'once',
        precondition: {},
        summary: `${step.action} on ${target.id}`,
        undo: 'nothing to undo: it was not done',
      };
      return { kind: 'unsupported', reason, action, service: resolved.service };
    }
    const rollback = step.action === 'rollback_deploy' ? await findRollback(executor.db, resolved, incident, at) : null;
    if (rollback && !rollback.ok) return { kind: 'unfit', reason: `step ${i + 1}: ${rollback.reason}`, again: false };
    const asked = await provider
      .plan({
        target,
        type: step.action,
        params: step.params,
        rollback: rollback?.rollback ?? null,
        env: executor.env,
        signal: AbortSignal.any([signal, AbortSignal.timeout(planTimeoutMs)]),
      })
      .catch((error: unknown): PlanResult => ({ ok: false, reason: errorMessage(error), again: true }));
    if (!asked.ok) return { kind: 'unfit', reason: `step ${i + 1}: ${asked.reason}`, again: asked.again };
    actions.push({ ...common, ...asked.call });
    services.push(resolved.service);
  }
  return { kind: 'ready', actions, services };
}

async function findRollback(
  sql: Sql,
  { target, service }: Owned,
  incident: Incident,
  at: number,
): Promise<RollbackChoice> {
  return chooseRollback({
    deployments: await recentDeployments(sql, service),
    leftBehind: await leftBehind(sql, target.id),
    onsetAt: incident.onsetAt,
    at,
  });
}

/** A plan as a person reads it: every step, and what would undo it. */
export function inWords(actions: PlannedAction[]): string {
  return actions.map(({ summary, undo }, i) => `${i + 1}. ${summary} (undo: ${undo})`).join('; ');
}
