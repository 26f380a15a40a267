import { Runbook, type Found } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { draftSteps } from './draft.ts';

const draft = (steps: z.input<typeof Runbook>['steps'], ...found: Found[]) =>
  draftSteps(Runbook.parse({ schema: 1, id: 'r', title: 'r', match: { type: 'unknown' }, steps }).steps, found);
const queue = (waiting: number, workers: number | null = 2): Found => ({
  check: 'queue_backlog',
  status: 'degraded',
  facts: { waiting, workers },
});
const manyWaiting = { facts: [{ check: 'queue_backlog' as const, fact: 'waiting', op: '>' as const, value: 100 }] };

describe('the steps of a plan', () => {
  it('leave out what does not apply by the facts, what stands in for it, and what depends on it', () => {
    const steps: z.input<typeof Runbook>['steps'] = [
      { id: 'more', action: 'scale_up', when: manyWaiting, onFailure: [{ action: 'clear_cache' }] },
      { action: 'restart_service', when: { steps: [{ step: 'more', is: 'succeeded' }] } },
      { action: 'drain_queue', when: { steps: [{ step: 'more', is: 'skipped' }] } },
    ];
    const all = draft(steps, queue(101));
    expect(all.ok && all.steps.map(({ says, depends }) => [says.action, depends])).toEqual([
      ['scale_up', {}],
      ['clear_cache', { insteadOf: 0 }],
      ['restart_service', { when: [{ step: 0, is: 'succeeded' }] }],
      ['drain_queue', { when: [{ step: 0, is: 'skipped' }] }],
    ]);
    const few = draft(steps, queue(100));
    expect(few.ok && few.steps.map(({ says, depends }) => [says.action, depends])).toEqual([['drain_queue', {}]]);
    expect(few.ok && few.omitted).toEqual([
      { step: 'more', reason: 'wants queue_backlog.waiting > 100, is 100' },
      { step: '2', reason: 'step more is left out' },
    ]);
    expect(draft([steps[0]!], queue(1))).toEqual({
      ok: false,
      reason: 'no step applies: step more: wants queue_backlog.waiting > 100, is 1',
    });
  });

  it('take parameters from facts: one known value, of its type, within its bounds', () => {
    const replicas = { check: 'queue_backlog' as const, fact: 'workers', plus: 1, min: 1, max: 4 };
    const scale = (...found: Found[]) => draft([{ action: 'scale_up', params: { replicas } }], ...found);
    expect(scale(queue(0, 2))).toMatchObject({ ok: true, steps: [{ params: { replicas: 3 } }] });
    const reason = (...found: Found[]) => {
      const drafted = scale(...found);
      return drafted.ok ? null : drafted.reason;
    };
    expect([
      reason(),
      reason(queue(0, null)),
      reason({ ...queue(0), status: 'unknown' }),
      reason(queue(0, 4)),
      reason(queue(0, -1)),
      reason(queue(0, Number.NaN)),
      reason(queue(0, 1), queue(0, 2)),
    ]).toEqual([
      'step 1: replicas from queue_backlog.workers: it is not known',
      'step 1: replicas from queue_backlog.workers: it is not known',
      'step 1: replicas from queue_backlog.workers: it is not known',
      'step 1: replicas from queue_backlog.workers: 5 is not from 1 to 4',
      'step 1: replicas from queue_backlog.workers: 0 is not from 1 to 4',
      'step 1: replicas from queue_backlog.workers: NaN is not from 1 to 4',
      'step 1: replicas from queue_backlog.workers: it has several values: 1, 2',
    ]);
  });

  it('take only texts that are named', () => {
    const prefix = { check: 'recent_deployments' as const, fact: 'newestVersion', oneOf: ['v1', 'v2'] };
    const clear = (newestVersion: string) =>
      draft([{ action: 'clear_cache', params: { prefix } }], {
        check: 'recent_deployments',
        status: 'ok',
        facts: { newestVersion },
      });
    expect(clear('v2')).toMatchObject({ ok: true, steps: [{ params: { prefix: 'v2' } }] });
    expect(clear('*')).toMatchObject({ ok: false, reason: expect.stringContaining('* is none of v1, v2') as string });
  });
});
