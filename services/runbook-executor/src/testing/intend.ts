import type { Db } from '@nightshift/db';
import { step } from '@nightshift/lifecycle';
import { planHash } from '@nightshift/runbooks';
import type { PlannedAction } from '@nightshift/types';
import { actor } from '../executor.ts';
import type { PlanResult, ProviderOf, SendRequest, SendResult } from '../providers/provider.ts';
import { insertActions, insertPlan } from '../store.ts';

/** Puts a plan into the ledger as choosing it would have, whatever its steps. Returns the ids of its actions. For tests. */
export async function intend(
  db: Db,
  incidentId: string,
  actions: (Partial<PlannedAction> & { service?: string })[],
  generation = 1,
): Promise<string[]> {
  const planned = actions.map(({ service: _service, ...given }, i): PlannedAction => ({
    step: i,
    type: 'restart_service',
    target: 'api',
    provider: 'process',
    params: {},
    class: 'idempotent',
    precondition: {},
    timeoutMs: 30_000,
    maxRetries: 0,
    summary: `step ${i + 1}`,
    undo: '-',
    ...given,
  }));
  const plan = { incidentId, runbook: 'by-hand', runbookHash: 'h', actions: planned };
  const hash = planHash(plan);
  const event = {
    kind: 'runbook_chosen' as const,
    runbook: 'by-hand',
    hash: 'h',
    planHash: hash,
    summary: '',
    considered: [],
  };
  let ids: string[] = [];
  const services = actions.map((action) => action.service ?? 'shop');
  const result = await step(db, incidentId, event, {
    actor,
    also: async (tx) => {
      await insertPlan(tx, { plan, hash, services }, generation);
      ids = await insertActions(tx, { plan, hash, services }, generation);
    },
  });
  if (!result.accepted) throw new Error(result.reason);
  return ids;
}

export type Counting = ProviderOf<'process'> & { sent: SendRequest[]; answers: SendResult[] };

/** A provider that can do everything, at once, and remembers what it was sent. Answers from `answers` first, then with success. */
export function countingProvider(more: Partial<ProviderOf<'process'>> = {}): Counting {
  const sent: SendRequest[] = [];
  const answers: SendResult[] = [];
  return {
    supports: ['restart_service', 'scale_up', 'clear_cache', 'rollback_deploy', 'failover_db', 'drain_queue'],
    plan: (): Promise<PlanResult> =>
      Promise.resolve({
        ok: true,
        call: { params: {}, precondition: {}, class: 'idempotent', summary: 'do it', undo: '-' },
      }),
    async send(request) {
      sent.push(request);
      await new Promise((resolve) => setImmediate(resolve));
      return answers.shift() ?? { outcome: 'succeeded', detail: 'done' };
    },
    ...more,
    sent,
    answers,
  };
}
