import { actionLimits } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exceededLimit, limitUses, type Use } from './limits.ts';

const minute = 60_000;
let nth = 0;
const use = (given: Partial<Use> = {}): Use => ({
  id: `act-${nth++}`,
  incidentId: `inc-${nth}`,
  type: 'restart_service',
  target: 'api',
  service: 'shop',
  quantity: 0,
  location: null,
  admittedAt: 0,
  ...given,
});

describe('limits', () => {
  it('defect 31: refuse the third restart in ten minutes, name who used them up, and say when one is free', () => {
    const others = [
      use({ id: 'act-a', incidentId: 'inc-a', admittedAt: 3 * minute }),
      use({ id: 'act-b', incidentId: 'inc-b', admittedAt: 1 * minute }),
    ];
    expect(exceededLimit(use(), others, 9 * minute)).toEqual({
      reason: 'restartsPerTarget',
      detail:
        'limit restartsPerTarget: 2 in 10 min, used by act-b (inc-b), act-a (inc-a), free at 1970-01-01T00:11:00.000Z',
    });
    expect(exceededLimit(use(), others, 11 * minute - 1)?.reason).toBe('restartsPerTarget');
    expect(exceededLimit(use(), others, 11 * minute)).toBeNull();
  });

  it('defect 33: count instances, not calls', () => {
    const scale = (quantity: number, admittedAt = 0) => use({ type: 'scale_up', quantity, admittedAt });
    expect(exceededLimit(scale(1), [scale(2)], minute)).toBeNull();
    expect(exceededLimit(scale(2), [scale(1), scale(1)], minute)?.detail).toMatch(
      /^limit instancesAddedPerTarget: 3 in 60 min.*free at 1970-01-01T01:00/,
    );
    expect(exceededLimit(scale(4), [], minute)?.detail).toBe(
      'limit instancesAddedPerTarget: 3 in 60 min, unused, this asks for more',
    );
    for (const nonsense of [Number.NaN, -1, 0])
      expect(exceededLimit(scale(nonsense), [], minute)?.reason).toBe('instancesAddedPerTarget');
  });

  it('hold per target, per service, everywhere and per incident', () => {
    const many = (count: number, given: Partial<Use>) =>
      Array.from({ length: count }, (_, i) =>
        use({ type: 'clear_cache', target: `t-${i}`, service: `s-${i}`, admittedAt: 1, ...given }),
      );
    const reason = (others: Use[]) =>
      exceededLimit(use({ type: 'clear_cache', incidentId: 'inc-x' }), others, minute)?.reason;
    expect([reason(many(3, { target: 'api' })), reason(many(4, { target: 'api' }))]).toEqual([
      undefined,
      'actionsPerTarget',
    ]);
    expect([reason(many(5, { service: 'shop' })), reason(many(6, { service: 'shop' }))]).toEqual([
      undefined,
      'actionsPerService',
    ]);
    expect([reason(many(19, {})), reason(many(20, {}))]).toEqual([undefined, 'actionsGlobal']);
    expect([
      reason(many(5, { incidentId: 'inc-x' })),
      reason(many(6, { incidentId: 'inc-x', admittedAt: -99 * minute })),
    ]).toEqual([undefined, 'actionsPerIncident']);
  });

  it('are shown as they stand, with what an action takes', () => {
    const others = [use({ target: 'api', incidentId: 'inc-x' }), use({ type: 'clear_cache', target: 'other' })];
    const shown = limitUses(1, use({ incidentId: 'inc-x' }), others, minute);
    expect(shown.map(({ limit, scope, used, takes, max }) => [limit, scope, used, takes, max])).toEqual([
      ['restartsPerTarget', 'api', 1, 1, 2],
      ['actionsPerTarget', 'api', 1, 1, 4],
      ['actionsPerService', 'shop', 2, 1, 6],
      ['actionsGlobal', 'everywhere', 2, 1, 20],
      ['actionsPerIncident', 'this incident', 1, 1, 6],
    ]);
    expect(limitUses(0, use({ type: 'scale_up', quantity: 2 }), [], 0)[0]).toMatchObject({ takes: 2, max: 3 });
  });

  it('are exceeded in no window of any history of admissions', () => {
    const request = fc.record({
      afterMs: fc.constantFrom(0, 1, 30_000, 5 * minute, 20 * minute),
      type: fc.constantFrom('restart_service', 'scale_up', 'clear_cache'),
      target: fc.constantFrom('a', 'b', 'c'),
      service: fc.constantFrom('s', 't'),
      incidentId: fc.constantFrom('i', 'j', 'k', 'l', 'm', 'n', 'o', 'p'),
      quantity: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(request, { minLength: 30, maxLength: 150 }), (requests) => {
        let at = 0;
        const admitted: Use[] = [];
        for (const { afterMs, ...request } of requests) {
          at += afterMs;
          const asked = use({
            ...request,
            quantity: request.type === 'scale_up' ? request.quantity : 0,
            admittedAt: at,
          });
          if (exceededLimit(asked, admitted, at) === null) admitted.push(asked);
        }
        for (const end of admitted) {
          const within = (windowMs: number, test: (use: Use) => boolean) =>
            admitted.filter(
              (each) => each.admittedAt <= end.admittedAt && each.admittedAt > end.admittedAt - windowMs && test(each),
            );
          const {
            restartsPerTarget,
            instancesAddedPerTarget,
            actionsPerTarget,
            actionsPerService,
            actionsGlobal,
            actionsPerIncident,
          } = actionLimits;
          const onTarget = (each: Use) => each.target === end.target;
          expect(
            within(restartsPerTarget.windowMs, (each) => onTarget(each) && each.type === 'restart_service').length,
          ).toBeLessThanOrEqual(2);
          expect(
            within(instancesAddedPerTarget.windowMs, onTarget).reduce((sum, each) => sum + each.quantity, 0),
          ).toBeLessThanOrEqual(3);
          expect(within(actionsPerTarget.windowMs, onTarget).length).toBeLessThanOrEqual(4);
          expect(within(actionsPerService.windowMs, (each) => each.service === end.service).length).toBeLessThanOrEqual(
            6,
          );
          expect(within(actionsGlobal.windowMs, () => true).length).toBeLessThanOrEqual(20);
          expect(admitted.filter((each) => each.incidentId === end.incidentId).length).toBeLessThanOrEqual(
            actionsPerIncident.max,
          );
        }
      }),
      { numRuns: 150 },
    );
  });
});
