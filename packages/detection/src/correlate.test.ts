import { describe, expect, test } from 'vitest';
import type { Signal } from './composite.ts';
import { correlate, type CorrelateInput } from './correlate.ts';
import { config } from './stand-ins.ts';

const now = 1_800_000_000;
const speaksOf = ({ metric }: Signal) => (metric === 'up' ? 'service_down' : 'high_latency');
const signal = (given: Partial<Signal> = {}): Signal => ({
  seriesId: 1,
  service: 'shop-api',
  metric: 'latency_ms',
  startedAt: now - 5_000,
  lastAt: now,
  severity: 'critical',
  score: 9,
  ...given,
});
const two = [signal(), signal({ seriesId: 2 })];
const decide = (given: Partial<CorrelateInput> = {}) =>
  correlate({
    service: 'shop-api',
    now,
    rule: config().composite,
    signals: two,
    judgedSeries: 7,
    youngSeries: 0,
    evidence: 0,
    tail: null,
    open: null,
    causes: [],
    ended: null,
    silencedBy: () => null,
    speaksOf,
    ...given,
  });
const reasons = (given: Partial<CorrelateInput>) => decide(given).held.map(({ because }) => because);

describe('what follows from the anomalies of a service', () => {
  test('enough evidence opens; too little does not, and says so of each', () => {
    expect(decide()).toMatchObject({ action: 'open', counted: two, held: [] });
    expect(decide({ signals: [signal()] })).toMatchObject({
      action: 'none',
      held: [{ because: 'below_evidence', detail: expect.stringContaining('evidence 3.0 of 3.5') as string }],
    });
  });

  test('defect 13: one critical alone opens when a person has declared it, or when users have felt it for the whole window', () => {
    expect(decide({ signals: [signal({ declared: 'above 5' })] }).action).toBe('open');
    expect(decide({ signals: [signal({ declared: 'above 5', severity: 'warning' })] }).action).toBe('none');
    const down = signal({ metric: 'up', startedAt: now - 60_000 });
    expect(decide({ signals: [down] })).toMatchObject({ action: 'open', reason: 'up of shop-api critical for 60 s' });
  });

  test('evidence that no anomaly holds counts, but not without one', () => {
    expect(decide({ signals: [signal({ score: 3 })], evidence: 5 }).action).toBe('open');
    expect(decide({ signals: [], evidence: 50 }).action).toBe('none');
  });

  test('defect 14: what is new joins the incident that is open', () => {
    const open = { id: 'inc-1', service: 'shop-api', onsetAt: now - 60_000 };
    expect(decide({ open, signals: [signal()] })).toMatchObject({ action: 'join', incidentId: 'inc-1' });
  });

  test('of hundreds of series only what is beyond chance joins', () => {
    const open = { id: 'inc-1', service: 'shop-api', onsetAt: now - 60_000 };
    const signals = [signal({ seriesId: 1, score: 3 }), signal({ seriesId: 2, score: 6 })];
    expect(decide({ open, signals, judgedSeries: 700 }).counted.map(({ seriesId }) => seriesId)).toEqual([2]);
  });

  test('a symptom joins the open incident of what its service depends on, unless it began long before it', () => {
    const causes = [{ id: 'inc-db', service: 'database', onsetAt: now - 20_000 }];
    expect(decide({ causes })).toMatchObject({ action: 'join', incidentId: 'inc-db' });
    expect(reasons({ causes })).toEqual(['dependant', 'dependant']);
    const earlier = two.map((each) => ({ ...each, startedAt: now - 200_000 }));
    expect(decide({ causes, signals: earlier }).action).toBe('open');
    expect(decide({ causes, signals: [signal()] }).action).toBe('none');
  });

  test('what is silenced opens nothing, and is no evidence for the others', () => {
    const silencedBy = ({ seriesId }: Signal) => (seriesId === 1 ? 'silence 4 of Ada until 12:00' : null);
    expect(decide({ silencedBy, evidence: 9 }).action).toBe('none');
    expect(reasons({ silencedBy })).toEqual(['silenced', 'below_evidence']);
  });

  test('defect 14: after a person ended it, its series rest for the cool-down, others do not', () => {
    const ended = { id: 'inc-1', at: now - 60_000, by: 'Ada', series: new Set([1, 2]) };
    expect(reasons({ ended })).toEqual(['cooldown', 'cooldown']);
    expect(decide({ ended, signals: [...two, signal({ seriesId: 3 }), signal({ seriesId: 4 })] }).action).toBe('open');
    expect(decide({ ended: { ...ended, at: now - 300_000 } }).action).toBe('open');
  });
});
