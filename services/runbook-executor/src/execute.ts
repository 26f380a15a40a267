import { step, type StageContext, type StageOutcome } from '@nightshift/lifecycle';
import type { Refusal } from '@nightshift/runbooks';
import { admit } from './admission.ts';
import { actor, type Executor } from './executor.ts';
import { perform } from './perform.ts';
import { record } from './record.ts';
import { newestPlan, type LedgerAction } from './store.ts';
import { findTarget } from './target.ts';

/**
 * Does the steps of the newest plan in order, each admitted, sent and recorded by itself, and stops at the first that does not succeed.
 * Whoever comes second (a repeated job, another executor) finds in the ledger how far the first one is.
 */
export async function execute(
  executor: Executor,
  { incident, generation, signal }: StageContext,
): Promise<StageOutcome> {
  const { db, log } = executor;
  const job = { generation };
  while (!signal.aborted) {
    const plan = await newestPlan(db, incident.id);
    const next = plan.find((action) => action.state !== 'succeeded');
    if (!next) return settle(executor, incident.id, generation, plan);
    const admission = await admit(db, next.id, job, (action) => targetRefusal(executor, action));
    if (admission.kind === 'busy') return { againMs: admission.againMs };
    if (admission.kind === 'refused') {
      executor.count(next.planned.type, 'denied', admission.refusal.reason);
      log.warn(
        { incident: incident.id, action: next.id, reason: admission.refusal.reason },
        `denied: ${admission.refusal.detail}`,
      );
      return 'done';
    }
    if (admission.kind === 'ended') {
      if (await movedOn(executor, incident.id, generation, next)) return 'done';
      continue;
    }
    log.info({ incident: incident.id, action: next.id, attempt: admission.attempt }, next.planned.summary);
    const result = await perform(executor, admission, signal);
    const recorded = await record(db, admission, result, job);
    log.info(
      { incident: incident.id, action: next.id, outcome: result.outcome, recorded: recorded.kind },
      'action sent',
    );
    if (recorded.kind === 'again') return { againMs: recorded.againMs };
    if (recorded.kind !== 'fenced')
      executor.count(next.planned.type, recorded.kind === 'ended' ? recorded.state : 'succeeded');
    if (recorded.kind === 'ended') return 'done';
  }
  return { againMs: 0 };
}

function targetRefusal({ catalogue }: Executor, { planned }: LedgerAction): Refusal | null {
  const found = findTarget(catalogue(), planned);
  return found.ok ? null : { reason: 'catalogue', detail: found.reason };
}

/** Somebody finished that action meanwhile. Succeeded: there may be a next one. Else the plan is over, and its end is on the timeline. */
async function movedOn(
  executor: Executor,
  incidentId: string,
  generation: number,
  seen: LedgerAction,
): Promise<boolean> {
  const now = (await newestPlan(executor.db, incidentId)).find((action) => action.id === seen.id);
  if (now?.state === 'succeeded') return false;
  await fail(executor, incidentId, generation, `${seen.planned.summary}: ${now?.state ?? 'gone'}`);
  return true;
}

/** Every step has succeeded: recorded with the last of them, and said again here only for a plan that is empty or was repaired by hand. */
async function settle(
  executor: Executor,
  incidentId: string,
  generation: number,
  plan: LedgerAction[],
): Promise<StageOutcome> {
  if (plan.length === 0) await fail(executor, incidentId, generation, 'the incident has no plan to carry out');
  else
    await step(
      executor.db,
      incidentId,
      { kind: 'remediated', detail: 'every step had succeeded' },
      { actor, job: { stage: 'remediate', generation } },
    );
  return 'done';
}

async function fail({ db }: Executor, incidentId: string, generation: number, detail: string) {
  await step(
    db,
    incidentId,
    { kind: 'remedy_failed', outcome: 'unknown', detail },
    { actor, job: { stage: 'remediate', generation } },
  );
}
