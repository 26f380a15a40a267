import { describe, expect, test } from 'vitest';
import { config, minute, start } from './stand-ins.ts';
import { rankSuspects, sicknessOf, type Sickness } from './suspects.ts';

const calls: Record<string, string[]> = {
  web: ['api', 'search'],
  api: ['database'],
  search: ['database'],
  batch: ['database'],
};
const dependsOn = (service: string) => calls[service] ?? [];
const sick = (service: string, given: Partial<Sickness> = {}): Sickness => ({
  service,
  score: 6,
  before: 0,
  onsetAt: start,
  ...given,
});
const well = (service: string) => sick(service, { score: 0 });
const names = (standings: Sickness[], symptom = 'web') =>
  rankSuspects(symptom, standings, dependsOn).map(({ service }) => service);

describe('who may be the cause', () => {
  test('the deepest that is out comes before those that depend on it', () => {
    expect(names([sick('web'), sick('api'), sick('database')])).toEqual(['database', 'api', 'web']);
  });

  test('a shared cause shows in all that call it', () => {
    const ranked = rankSuspects('web', [sick('web'), sick('api'), sick('search'), sick('database')], dependsOn);
    expect(ranked[0]).toMatchObject({ service: 'database' });
    expect(ranked[0]!.reasons).toContain('out as well: api, search, which depend on it');
  });

  test('what was as noisy before is no suspect, nor is what nobody here depends on', () => {
    expect(names([sick('web'), sick('database', { before: 6 }), sick('batch')])).toEqual(['web']);
  });

  test('what fell ill later explains nothing', () => {
    expect(names([sick('web'), well('api'), sick('search', { onsetAt: start + 10 * minute })])[0]).toBe('search');
    const { reasons } = rankSuspects(
      'web',
      [sick('web'), sick('search', { onsetAt: start + 10 * minute })],
      dependsOn,
    )[1]!;
    expect(reasons.join()).not.toContain('search, which it depends on');
  });

  test('a recent change makes one likelier, and is named', () => {
    expect(names([sick('web'), sick('api'), sick('search', { change: 'v2 was deployed' })])[0]).toBe('search');
    expect(names([sick('web'), { ...well('search'), change: 'v2 was deployed' }])).toEqual(['web', 'search']);
  });

  test('a circle ends', () => {
    const circle = (service: string) => (service === 'a' ? ['b'] : ['a']);
    expect(rankSuspects('a', [sick('a'), sick('b')], circle)).toHaveLength(2);
  });
});

test('how sick a service is follows from its young anomalies; what was on before counts against it', () => {
  const rule = config().composite;
  const signal = (seriesId: number, ageMs: number) => ({
    seriesId,
    service: 'api',
    metric: 'latency_ms',
    severity: 'critical' as const,
    score: 9,
    startedAt: start - ageMs,
    lastAt: start,
  });
  const known = { service: 'api', judgedSeries: 7, evidence: 0, tail: null };
  const young = sicknessOf({ ...known, signals: [signal(1, minute), signal(2, minute)] }, start, rule);
  expect(young).toMatchObject({ before: 0, onsetAt: start - minute });
  expect(young.score).toBeGreaterThan(3);
  const old = sicknessOf({ ...known, signals: [signal(1, 30 * minute), signal(2, 30 * minute)] }, start, rule);
  expect(old.score - old.before).toBe(0);
});
