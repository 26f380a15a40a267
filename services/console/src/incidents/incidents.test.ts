import type { Incident } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { ShownAnomaly } from '../wire.ts';
import { causeOf, type Evidence } from './cause.ts';
import { nextStepOf } from './next-step.ts';
import { thin } from './points.ts';
import { recoveryOf } from './recovery.ts';

const onsetAt = 1_700_000_000_000;
const incident: Incident = {
  id: 'inc-1',
  fingerprint: 'service:shop',
  service: 'shop',
  title: 'shop: too many errors',
  type: 'high_error_rate',
  severity: 'critical',
  state: 'diagnosing',
  version: 1,
  generation: 1,
  decisions: 0,
  reopens: 0,
  onsetAt,
  openedAt: onsetAt + 5_000,
  actedAt: null,
  resolvedAt: null,
  deadlineAt: onsetAt + 60_000,
  resolution: null,
  acknowledgedBy: null,
  acknowledgedAt: null,
  runbook: null,
};
const anomaly: ShownAnomaly = {
  seriesId: 1,
  service: 'shop',
  metric: 'errors',
  labels: {},
  startedAt: onsetAt,
  lastAt: onsetAt,
  endedAt: null,
  value: 0.41999,
  expected: 0.01,
  low: 0,
  high: 0.03,
  score: 9,
  severity: 'critical',
  direction: 'up',
};
const deployment = {
  id: 'd',
  service: 'shop',
  version: 'v2',
  previousVersion: 'v1',
  deployedAt: onsetAt - 90_000,
  by: null,
  url: null,
};

describe('the sentence of the cause', () => {
  const say = (given: Partial<Evidence>) =>
    causeOf({ incident, anomalies: [anomaly], diagnostics: [], deployments: [], ...given });

  it('names the worst signal and what is normal', () =>
    expect(say({})).toBe('errors of shop rose to 0.42, where 0 to 0.03 is normal.'));
  it('takes the critical one before the louder warning', () => {
    const warning = { ...anomaly, metric: 'latency', severity: 'warning' as const, score: 16 };
    expect(say({ anomalies: [warning, anomaly] })).toMatch(/^errors of shop .*\(and 1 more signal\)/);
  });
  it('names the newest deployment before it began, and none that is too old or came later', () => {
    const older = { ...deployment, version: 'v1', deployedAt: onsetAt - 50 * 60_000 };
    expect(say({ deployments: [older, deployment] })).toMatch(/, 90 s after v2 was deployed\.$/);
    expect(say({ deployments: [{ ...deployment, deployedAt: onsetAt - 61 * 60_000 }] })).not.toContain('deployed');
    expect(say({ deployments: [{ ...deployment, deployedAt: onsetAt + 60_000 }] })).not.toContain('deployed');
  });
  it('else names what is down', () => {
    const diagnostics = [{ check: 'http_probe' as const, target: 'shop', status: 'down' as const, facts: {} }];
    expect(say({ diagnostics })).toMatch(/; http_probe says that shop is down\.$/);
  });
  it('has the title when there is nothing to measure', () =>
    expect(say({ anomalies: [] })).toBe('shop: too many errors.'));
});

describe('the next step', () => {
  const next = (given: Partial<Incident>, rest = {}) =>
    nextStepOf({ incident: { ...incident, ...given }, killSwitchOn: false, plan: null, climb: null, ...rest });

  it('counts down to the deadline of the state', () =>
    expect(next({})).toMatchObject({ then: 'a person is paged', at: incident.deadlineAt }));
  it('says that nothing is started while the kill switch is on', () =>
    expect(next({ state: 'deciding' }, { killSwitchOn: true }).present).toContain('kill switch is on'));
  it('counts down to the next page while nobody has it', () =>
    expect(next({ state: 'escalated' }, { climb: { nextAt: 7, level: 1 } })).toMatchObject({
      then: 'level 2 of the escalation policy is paged',
      at: 7,
    }));
  it('promises nothing once somebody has it', () =>
    expect(next({ state: 'escalated', acknowledgedBy: 'Ada' }, { climb: { nextAt: 7, level: 1 } })).toEqual({
      present: 'Ada has it. Only a person resolves it now.',
      then: null,
      at: null,
    }));
  it('has an end', () => expect(next({ state: 'closed' })).toEqual({ present: 'Closed.', then: null, at: null }));
});

describe('recovery', () => {
  it('counts from the last bad sample on; what is no number is bad', () => {
    const watched = [
      { seriesId: 1, metric: 'errors', low: 0, high: 1 },
      { seriesId: 2, metric: 'latency', low: 0, high: 1 },
    ];
    const fresh = [0.5, 9, 0.2, NaN, 0.3, 0.4].map((value, i) => ({ seriesId: 1, at: i * 1_000, value }));
    expect(recoveryOf(watched, fresh)).toEqual([
      { seriesId: 1, metric: 'errors', cleanSamples: 2, cleanMs: 1_000, lastAt: 5_000 },
      { seriesId: 2, metric: 'latency', cleanSamples: 0, cleanMs: 0, lastAt: null },
    ]);
  });
});

describe('thinning', () => {
  it('keeps every spike and the order', () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => ({
      at,
      value: at === 5_001 ? 99 : at === 7_777 ? -99 : Math.sin(at),
    }));
    const kept = thin(rows, 200);
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(kept.map(({ value }) => value)).toEqual(expect.arrayContaining([99, -99]));
    expect(kept).toEqual([...kept].sort((a, b) => a.at - b.at));
  });
  it('leaves a short series as it is', () =>
    expect(thin([{ value: 1 }, { value: 2 }], 2)).toEqual([{ value: 1 }, { value: 2 }]));
});
