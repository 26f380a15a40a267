import { describe, expect, it } from 'vitest';
import { compare, scenarioOf, type Outcome } from './scenario.ts';

const resolved: Outcome = {
  scenario: 'bad-deploy',
  incidentId: 'inc-1',
  status: 'resolved',
  resolution: 'automated',
  ms: { faultToDetected: 1, detectedToActed: 1, faultToResolved: 2 },
  actions: [{ type: 'rollback_deploy', target: 'shop-api', state: 'succeeded', params: {} }],
  pages: 0,
};
const bad = { from: 'v1', to: 'v2-1' };
const rollback = [{ kind: 'deploy', from: 'v2-1', to: 'v1' }];
const escalated: Outcome = {
  ...resolved,
  scenario: 'mystery',
  status: 'escalated',
  resolution: null,
  actions: [],
  pages: 1,
};

describe('a scenario', () => {
  it('that nobody knows is answered with those there are', () => {
    expect(() => scenarioOf('flood')).toThrow(
      'there is no scenario "flood"; there are bad-deploy, crash, mystery, overload, fix-fails, disk-full',
    );
    expect(() => scenarioOf('toString')).toThrow('there is no scenario');
  });
  it('ends well', () => {
    expect(compare(resolved, 1, rollback, bad)).toEqual([]);
    expect(
      compare(
        { ...resolved, scenario: 'crash', actions: [{ ...resolved.actions[0]!, type: 'restart_service' }] },
        1,
        [{ kind: 'restart' }],
        undefined,
      ),
    ).toEqual([]);
    expect(compare(escalated, 1, [], undefined)).toEqual([]);
  });
  it.each<[string, Partial<Outcome>, RegExp]>([
    ['is paged', { pages: 1 }, /1 pages, expected 0/],
    ['is escalated', { status: 'escalated', resolution: null }, /the incident is escalated/],
    ['heals by itself', { resolution: 'self' }, /resolution is self/],
    [
      'needs two tries',
      { actions: [resolved.actions[0]!, resolved.actions[0]!] },
      /actions: rollback_deploy succeeded, rollback_deploy succeeded; expected rollback_deploy succeeded$/m,
    ],
    ['fails', { actions: [{ ...resolved.actions[0]!, state: 'failed' }] }, /rollback_deploy failed/],
    [
      'is done by the wrong action',
      { actions: [{ ...resolved.actions[0]!, type: 'restart_service' }] },
      /restart_service succeeded/,
    ],
  ])('does not end well when it %s', (_, change, words) => {
    expect(compare({ ...resolved, ...change }, 1, rollback, bad).join('\n')).toMatch(words);
  });
  it('does not end well when the shop tells another story than the ledger', () => {
    expect(compare(resolved, 1, [...rollback, ...rollback], bad)).toEqual([
      'done to the shop: deploy, deploy; expected deploy',
    ]);
    expect(compare(resolved, 1, [{ kind: 'deploy', from: 'v2-1', to: 'v0' }], bad)).toEqual([
      'the shop went from v2-1 to v0, expected from v2-1 to v1',
    ]);
    expect(compare(resolved, 2, rollback, bad)).toEqual(['2 incidents, expected one']);
    expect(compare({ ...escalated, pages: 0 }, 1, rollback, undefined)).toEqual([
      'done to the shop: deploy; expected none',
      '0 pages, expected 1',
    ]);
  });
});
