import { describe, expect, it } from 'vitest';
import { judge, type Evidence, type JudgedAction } from './judge.ts';
import type { Effect } from './platform/messages.ts';

const at = 1_700_000_000_000;
const action = (id: string, more: Partial<JudgedAction> = {}): JudgedAction => ({
  id,
  incidentId: 'inc-1',
  type: 'restart_service',
  target: 'api',
  service: 'shop',
  state: 'succeeded',
  attempts: 1,
  ends: 1,
  ...more,
});
const effect = (key: string, more: Partial<Effect> = {}): Effect => ({
  key,
  target: 'api',
  verb: 'restart',
  quantity: 0,
  caller: 'runbook-executor-1',
  at,
  ...more,
});
const good: Evidence = {
  outages: [{ service: 'shop', at, round: 0 }],
  incidents: [
    { id: 'inc-1', service: 'shop', state: 'escalated', openedAt: at + 40, chosen: 1, remediated: 1, resolution: null },
  ],
  actions: [action('act-1'), action('act-2', { target: 'worker', state: 'unknown' })],
  effects: [effect('act-1'), effect('act-2', { target: 'worker' })],
  pages: [{ page: 'p', incidentId: 'inc-1', at }],
};
const judged = (changes: Partial<Evidence>) => judge({ ...good, ...changes });

describe('the judge', () => {
  it('has nothing to say about a run in which everything happened once', () => {
    expect(judged({})).toEqual({ lost: [], duplicated: [], exceeded: [] });
  });

  it('misses an outage without an incident, an escalation without a page, and a success that the target knows nothing of', () => {
    const { lost } = judged({ incidents: [], actions: [], effects: [] });
    expect(lost).toEqual(['shop went down in round 0: no incident']);
    expect(judged({ incidents: [{ ...good.incidents[0]!, openedAt: at - 3_600_000 }] }).lost).toHaveLength(1);
    expect(judged({ pages: [] }).lost).toEqual(['inc-1 went to a person: no page']);
    const mended = { ...good.incidents[0]!, state: 'closed', resolution: 'person' };
    expect(judged({ incidents: [mended], pages: [] }).lost).toEqual(['inc-1 went to a person: no page']);
    expect(judged({ effects: [effect('act-2')] }).lost).toEqual([
      'act-1 is on record as done: the target knows nothing of it',
    ]);
  });

  it('finds a second effect, an effect of nothing on record, one of what was denied, and an end that stands there twice', () => {
    const found = (changes: Partial<Evidence>) => judged(changes).duplicated;
    expect(found({ effects: [...good.effects, effect('act-1')] })).toEqual(['act-1: 2 effects']);
    expect(found({ effects: [...good.effects, effect('act-9')] })).toEqual(['act-9: an effect of no action on record']);
    for (const state of ['planned', 'denied', 'cancelled', 'failed', 'skipped'])
      expect(found({ actions: [action('act-1', { state }), good.actions[1]!] })).toEqual([
        `act-1: an effect, of an action that is on record as ${state}`,
      ]);
    expect(found({ incidents: [{ ...good.incidents[0]!, remediated: 2 }] })).toEqual([
      'inc-1: chosen 1 times, through 2 times',
    ]);
    expect(found({ actions: [action('act-1', { ends: 2 }), good.actions[1]!] })).toEqual([
      'act-1: ended 2 times on the timeline',
    ]);
  });

  it('counts what was really done against each limit, in every window', () => {
    const minute = 60_000;
    const run = (done: (Partial<JudgedAction> & { minutes: number; quantity?: number })[]) => {
      const actions = done.map(({ minutes: _minutes, quantity: _quantity, ...more }, i) => action(`act-${i}`, more));
      const effects = done.map(({ minutes, quantity = 0 }, i) =>
        effect(`act-${i}`, { at: at + minutes * minute, quantity }),
      );
      return judged({ actions, effects }).exceeded;
    };
    expect(run([{ minutes: 0 }, { minutes: 5 }, { minutes: 10 }])).toEqual([]);
    expect(run([{ minutes: 0 }, { minutes: 5 }, { minutes: 9.9 }])).toEqual([
      'restartsPerTarget of api: 3 where 2 are allowed',
    ]);
    const scale = { type: 'scale_up', quantity: 2 };
    expect(
      run([
        { minutes: 0, ...scale },
        { minutes: 59, ...scale },
      ]),
    ).toEqual(['instancesAddedPerTarget of api: 4 where 3 are allowed']);
    const elsewhere = Array.from({ length: 21 }, (_, i) => ({
      minutes: i / 10,
      target: `t${i}`,
      service: `s${i}`,
      incidentId: `i${i}`,
    }));
    expect(run(elsewhere)).toEqual(['actionsGlobal of everywhere: 21 where 20 are allowed']);
    const sameIncident = elsewhere.slice(0, 7).map((each) => ({ ...each, incidentId: 'inc-1' }));
    expect(run(sameIncident)).toEqual(['actionsPerIncident of inc-1: 7 where 6 are allowed']);
    expect(run(elsewhere.slice(0, 7).map((each) => ({ ...each, service: 'shop' })))).toEqual([
      'actionsPerService of shop: 7 where 6 are allowed',
    ]);
    expect(run(Array.from({ length: 5 }, (_, i) => ({ minutes: i, type: 'clear_cache' })))).toEqual([
      'actionsPerTarget of api: 5 where 4 are allowed',
    ]);
  });
});
