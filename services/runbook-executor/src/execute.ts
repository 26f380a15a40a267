import { step, type StageContext, type StageOutcome } from '@nightshift/lifecycle';
import { progressOf } from '@nightshift/runbooks';
import { admit } from './admission.ts';
import { actor, type Executor } from './executor.ts';
import { settleSkipped } from './finish.ts';
import { perform } from './perform.ts';
import { record } from './record.ts';
import { newestPlan } from './store.ts';

/**
 * Does the steps of the newest plan in order, each admitted, sent and recorded by itself, until it is done or a failure has no answer.
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
    const progress = progressOf(plan);
    if (progress.kind === 'skip') {
      await db.tx((tx) => settleSkipped(tx, progress.step));
      continue;
    }
    if (progress.kind !== 'act') {
      await settle(executor, incident.id, generation, progress);
      return 'done';
    }
    const next = progress.step;
    const admission = await admit(executor, next.id, job);
    if (admission.kind === 'busy') return { againMs: admission.againMs };
    if (admission.kind === 'refused') {
      executor.count(next.planned.type, 'denied', admission.refusal.reason);
      log.warn(
        { incident: incident.id, action: next.id, reason: admission.refusal.reason },
        `denied: ${admission.refusal.detail}`,
      );
      return 'done';
    }
    if (admission.kind === 'ended') continue; // the ledger says by now how it ended
    log.info({ incident: incident.id, action: next.id, attempt: admission.attempt }, next.planned.summary);
    const result = await perform(executor, admission, signal);
    const recorded = await record(db, admission, result, job);
    log.info(
      { incident: incident.id, action: next.id, outcome: result.outcome, recorded: recorded.kind },
      'action sent',
    );
    if (recorded.kind === 'again') return { againMs: recorded.againMs };
    if (recorded.kind !== 'fenced')
      executor.count(next.planned.type, recorded.state, result.outcome === 'stopped' ? result.reason : '');
    if (recorded.kind === 'ended') return 'done';
  }
  return { againMs: 0 };
}

/** How the plan ended is recorded with its last step; said again here only where somebody repaired the ledger by hand. */
async function settle(
  { db }: Executor,
  incidentId: string,
  generation: number,
  progress: { kind: 'done' } | { kind: 'over'; reason: string },
) {
  const event =
    progress.kind === 'done'
      ? { kind: 'remediated' as const, detail: 'every step is done' }
      : { kind: 'remedy_failed' as const, outcome: 'unknown' as const, detail: progress.reason };
  await step(db, incidentId, event, { actor, job: { stage: 'remediate', generation } });
}
