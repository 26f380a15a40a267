import type { ActionState } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { progressOf, type Step } from './progress.ts';

const step = (nth: number, state: ActionState, depends: Partial<Step['planned']> = {}): Step => ({
  planned: { step: nth, ...depends },
  state,
});
const next = (...plan: Step[]) => {
  const progress = progressOf(plan);
  return 'step' in progress ? `${progress.kind} ${progress.step.planned.step}` : progress.kind;
};

describe('how far a plan is', () => {
  it('goes in order, and is done when every step is', () => {
    expect(next(step(0, 'planned'), step(1, 'planned'))).toBe('act 0');
    expect(next(step(0, 'dispatching'), step(1, 'planned'))).toBe('act 0');
    expect(next(step(0, 'succeeded'), step(1, 'planned'))).toBe('act 1');
    expect(next(step(0, 'succeeded'), step(1, 'succeeded'))).toBe('done');
  });

  it('defect 35: ends at what was denied, is unknown or failed without an answer', () => {
    for (const state of ['failed', 'denied', 'unknown', 'cancelled'] as const)
      expect(next(step(0, state), step(1, 'planned'))).toBe('over');
    for (const state of ['denied', 'unknown'] as const)
      expect(next(step(0, state), step(1, 'planned', { insteadOf: 0 }), step(2, 'planned'))).toBe('over');
  });

  it('answers a certain failure by what stands in for it, and goes on from there', () => {
    const plan = (first: ActionState, second: ActionState, third: ActionState) =>
      next(step(0, first), step(1, second, { insteadOf: 0 }), step(2, third));
    expect(plan('failed', 'planned', 'planned')).toBe('act 1');
    expect(plan('failed', 'succeeded', 'planned')).toBe('act 2');
    expect(plan('failed', 'succeeded', 'succeeded')).toBe('done');
    expect(plan('failed', 'failed', 'planned')).toBe('over');
    expect(plan('failed', 'skipped', 'succeeded')).toBe('over'); // nothing stood in for it after all
    expect(plan('succeeded', 'planned', 'planned')).toBe('skip 1');
  });

  it('skips what depends on an end that did not come', () => {
    const when = (is: 'succeeded' | 'failed' | 'skipped') => ({ when: [{ step: 0, is }] });
    expect(next(step(0, 'succeeded'), step(1, 'planned', when('succeeded')))).toBe('act 1');
    expect(next(step(0, 'succeeded'), step(1, 'planned', when('skipped')))).toBe('skip 1');
    expect(next(step(0, 'skipped'), step(1, 'planned', when('skipped')))).toBe('act 1');
    // What is under way may have happened: it is not skipped any more.
    expect(next(step(0, 'skipped'), step(1, 'dispatching', when('failed')))).toBe('act 1');
  });

  it('is not done where nothing was', () => {
    expect(next(step(0, 'skipped'))).toBe('over');
    expect(next()).toBe('over');
  });

  it('ends for any plan and any outcomes, does each step at most once, and nothing after a denial or a doubt', () => {
    const shape = fc.array(
      fc.record({
        insteadOf: fc.option(fc.nat(5), { nil: undefined }),
        when: fc.option(fc.record({ step: fc.nat(5), is: fc.constantFrom('succeeded', 'failed', 'skipped') }), {
          nil: undefined,
        }),
        outcome: fc.constantFrom('succeeded', 'failed', 'denied', 'unknown'),
      }),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(shape, (steps) => {
        const plan = steps.map(({ insteadOf, when }, i) =>
          step(i, 'planned', {
            ...(insteadOf !== undefined && insteadOf < i ? { insteadOf } : {}),
            ...(when && when.step < i ? { when: [when as { step: number; is: 'failed' }] } : {}),
          }),
        );
        const done: number[] = [];
        for (let turns = 0; ; turns++) {
          expect(turns).toBeLessThanOrEqual(plan.length);
          const progress = progressOf(plan);
          if (!('step' in progress)) break;
          const { step: nth } = progress.step.planned;
          if (progress.kind === 'act') done.push(nth);
          plan[nth]!.state = progress.kind === 'skip' ? 'skipped' : steps[nth]!.outcome;
        }
        expect(new Set(done).size).toBe(done.length);
        const end = done.findIndex((nth) => ['denied', 'unknown'].includes(steps[nth]!.outcome));
        expect(end === -1 || end === done.length - 1).toBe(true);
      }),
    );
  });
});
