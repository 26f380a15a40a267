import type { Sql } from '@nightshift/db';
import { beyondInstances, dependsInWords, draftSteps, waitInWords, type Candidate } from '@nightshift/runbooks';
import { errorMessage, type DiagnosticResult, type Incident, type Plan, type PlannedAction } from '@nightshift/types';
import type { Executor } from './executor.ts';
import type { PlanResult } from './providers/provider.ts';
import { providerFor } from './providers/registry.ts';
import { chooseRollback, type RollbackChoice } from './rollback.ts';
import { leftBehind, recentDeployments } from './store.ts';
import { resolveTarget, type Owned } from './target.ts';

export type Draft =
  /** Exact calls on exact targets, and the service that each target belongs to. */
  | { kind: 'ready'; actions: PlannedAction[]; services: string[]; omitted: NonNullable<Plan['omitted']> }
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
  diagnostics: DiagnosticResult[],
  at: number,
  signal: AbortSignal,
): Promise<Draft> {
  const drafted = draftSteps(runbook.steps, diagnostics);
  if (!drafted.ok) return { kind: 'unfit', reason: drafted.reason, again: false };
  const actions: PlannedAction[] = [];
  const services: string[] = [];
  for (const [i, { says, params, depends }] of drafted.steps.entries()) {
    const no = (reason: string, again = false): Draft => ({ kind: 'unfit', reason: `step ${i + 1}: ${reason}`, again });
    const resolved = resolveTarget(executor.catalogue(), incident.service, says.action, says.target);
    if (!resolved.ok) return no(resolved.reason);
    const { target } = resolved;
    const provider = providerFor(executor.providers, target, says.action);
    const common = {
      step: i,
      type: says.action,
      target: target.id,
      provider: target.kind,
      timeoutMs: says.timeoutMs,
      maxRetries: says.maxRetries,
      backOffMs: says.backOffMs,
      ...depends,
    };
    if (!provider) {
      const reason = `no provider can do this: ${says.action} on ${target.id} (${target.kind})`;
      const action: PlannedAction = {
        ...common,
        params,
        class: 'once',
        precondition: {},
        summary: `${says.action} on ${target.id}`,
        undo: 'nothing to undo: it was not done',
      };
      return { kind: 'unsupported', reason, action, service: resolved.service };
    }
    const rollback = says.action === 'rollback_deploy' ? await findRollback(executor.db, resolved, incident, at) : null;
    if (rollback && !rollback.ok) return no(rollback.reason);
    const asked = await provider
      .plan({
        target,
        type: says.action,
        params,
        rollback: rollback?.rollback ?? null,
        env: executor.env,
        signal: AbortSignal.any([signal, AbortSignal.timeout(planTimeoutMs)]),
      })
      .catch((error: unknown): PlanResult => ({ ok: false, reason: errorMessage(error), again: true }));
    if (!asked.ok) return no(asked.reason, asked.again);
    const crowded = beyondInstances(target, asked.call.params);
    if (crowded) return no(crowded);
    actions.push({ ...common, ...asked.call, ...(says.undo ? { undo: says.undo } : {}) });
    services.push(resolved.service);
  }
  return { kind: 'ready', actions, services, omitted: drafted.omitted };
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

/** A plan as a person reads it: every step, on what it depends, and what would undo it. */
export function inWords(actions: PlannedAction[]): string {
  return actions
    .map((action, i) => `${i + 1}. ${action.summary}${laterInWords(action)} (undo: ${action.undo})`)
    .join('; ');
}

function laterInWords(action: PlannedAction): string {
  const depends = dependsInWords(action);
  return `${depends ? `, only ${depends}` : ''}${action.waitUntil ? `, ${waitInWords(action.waitUntil)}` : ''}`;
}
