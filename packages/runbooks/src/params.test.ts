import { Target, type ActionParams } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { beyondInstances, cachePrefix, declaredScale, noParams, scaleGoal } from './params.ts';

describe('how far to scale up', () => {
  it('stays inside the instances that the catalogue allows the target', () => {
    const pods = { id: 'pods', kind: 'kubernetes', namespace: 'shop', name: 'api' };
    const bounded = Target.parse({ ...pods, instances: { min: 2, max: 4 } });
    expect(beyondInstances(bounded, { replicas: 4 })).toBeNull();
    expect(beyondInstances(bounded, { replicas: 5 })).toBe(
      'the catalogue allows target "pods" 2 to 4 instances, not 5',
    );
    expect(beyondInstances(bounded, { replicas: 1 })).toContain('2 to 4 instances');
    expect(beyondInstances(Target.parse(pods), { replicas: 99 })).toBeNull();
    expect(beyondInstances(bounded, {})).toBeNull();
  });

  it('becomes an absolute number, so that a repeat adds nothing', () => {
    expect(scaleGoal({ add: 2 }, 4)).toEqual({ ok: true, value: 6 });
    expect(scaleGoal({ replicas: 6 }, 4)).toEqual({ ok: true, value: 6 });
    expect(declaredScale({ from: 2, replicas: 3 })).toEqual({ ok: true, value: { from: 2, to: 3 } });
  });

  it.each([
    { add: -1 },
    { add: 0 },
    { add: 4 },
    { add: 1e9 },
    { add: 1.5 },
    { add: Number.NaN },
    { add: Number.POSITIVE_INFINITY },
    { add: '3' },
    { add: true },
    {},
    { ad: 1 },
    { add: 1, replicas: 2 },
    { replicas: -5 },
    { replicas: '7' },
    { replicas: Number.NaN },
    { replicas: 5 },
    { replicas: 4 },
    { replicas: 1 },
    { replicas: 9 },
  ] as ActionParams[])(
    'defect 33: refuses %o for 5 instances: negative, NaN, strings, fractions, too many, fewer, misspelt',
    (params) => {
      expect(scaleGoal(params, 5).ok).toBe(false);
      expect(declaredScale({ from: 5, ...params }).ok).toBe(false);
    },
  );

  it('shows what was written, also what JSON cannot say (defect 55)', () => {
    expect(scaleGoal({ add: Number.NaN }, 1)).toEqual({
      ok: false,
      reason: 'scale_up wants { add: 1 to 3 } or { replicas: a whole number }, not {add: NaN}',
    });
  });

  it('names the limit, and never takes capacity away', () => {
    expect(scaleGoal({ replicas: 9 }, 5)).toEqual({
      ok: false,
      reason: 'limit instancesAddedPerTarget: from 5 to 9 adds 4, at most 3 are added',
    });
    expect(scaleGoal({ replicas: 3 }, 5)).toEqual({
      ok: false,
      reason: '5 run already: scaling up to 3 would add none; capacity is never removed during an incident',
    });
  });
});

it('refuses parameters that an action does not know, rather than ignoring them', () => {
  expect(noParams('restart_service', { force: true })).toEqual({
    ok: false,
    reason: 'restart_service takes no parameters, not {force: true}',
  });
  expect(cachePrefix({ pattern: '*' }).ok).toBe(false);
  expect(cachePrefix({})).toEqual({ ok: true, value: undefined });
});
