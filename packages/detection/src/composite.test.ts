import { describe, expect, test } from 'vitest';
import { evaluateComposite, type Signal } from './composite.ts';
import { calibrateEvidence } from './evidence.ts';
import { config } from './stand-ins.ts';

const now = 1_000_000_000;
const rule = config([], { composite: { rule: 'counts' } }).composite;
const evidence = calibrateEvidence(null, { now, sum: 0, series: 5, windowMs: 60_000 });
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
const evaluate = (signals: Signal[], given: { judgedSeries?: number } = {}) =>
  evaluateComposite({
    service: 'shop-api',
    signals,
    judgedSeries: 5,
    now,
    rule,
    evidence: { ...evidence, sum: 0 },
    speaksOf,
    ...given,
  });

describe('the composite rule by counts', () => {
  test('opens at two critical series', () => {
    expect(evaluate([signal(), signal({ seriesId: 2 })])).toMatchObject({
      open: true,
      reason: '2 critical series of shop-api within 60 s',
    });
  });

  test('opens at three anomalous series', () => {
    const warnings = [1, 2, 3].map((seriesId) => signal({ seriesId, severity: 'warning', score: 2.6 }));
    expect(evaluate(warnings).open).toBe(true);
    expect(evaluate(warnings.slice(1))).toMatchObject({
      open: false,
      reason: expect.stringContaining('only 0 critical, 2 anomalous') as string,
    });
  });

  test('defect 13: three unrelated ones do not open', () => {
    const unrelated = ['a', 'b', 'shop-api'].map((service, i) => signal({ seriesId: i + 1, service }));
    expect(evaluate(unrelated)).toMatchObject({
      open: false,
      counted: [expect.objectContaining({ service: 'shop-api' })],
    });
  });

  test('defect 13: the same series counts once, however many episodes it had', () => {
    expect(evaluate([signal(), signal({ lastAt: now - 1_000 }), signal({ lastAt: now - 2_000 })]).open).toBe(false);
  });

  test('defect 13: one critical symptom alone opens when it has lasted the window, a momentary one or a mere cause does not', () => {
    const down = signal({ metric: 'up', startedAt: now - 60_000 });
    expect(evaluate([down])).toMatchObject({ open: true, reason: 'up of shop-api critical for 60 s' });
    expect(evaluate([{ ...down, startedAt: now - 50_000 }]).open).toBe(false);
    expect(evaluate([{ ...down, metric: 'cpu' }]).open).toBe(false);
    expect(evaluate([{ ...down, severity: 'warning' }]).open).toBe(false);
  });

  test('what is older than the window, or of a clock far ahead, does not count', () => {
    for (const lastAt of [now - 60_000, now + 60_000])
      expect(evaluate([signal(), signal({ seriesId: 2, lastAt })]).open).toBe(false);
    for (const lastAt of [now - 59_000, now + 5_000])
      expect(evaluate([signal(), signal({ seriesId: 2, lastAt })]).open).toBe(true);
  });

  test('defect 12: among a thousand series, what chance explains does not count', () => {
    const warnings = [1, 2, 3].map((seriesId) => signal({ seriesId, severity: 'warning', score: 2.6 }));
    const result = evaluate(warnings, { judgedSeries: 1_000 });
    expect(result.open).toBe(false);
    expect(result.reason).toContain('by chance');
    expect(evaluate([signal(), signal({ seriesId: 2 })], { judgedSeries: 1_000 }).open).toBe(true);
  });
});
