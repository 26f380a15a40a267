import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { DetectionConfig } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { seriesNames } from './series.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.close());

const register = async (name: string) =>
  (
    await database.db.query<{ id: number }>(
      `INSERT INTO series (key, name, labels, service) VALUES ($1, $1, '{"path":"/pay"}', 'shop') RETURNING id`,
      [name],
    )
  )[0]!.id;
const say = (metric: string, kind: string) =>
  database.db.query('INSERT INTO metric_kind (metric, kind) VALUES ($1, $2)', [metric, kind]);

describe('defect 10: counters treated as gauges', () => {
  it('what the sender says goes before what the name says, and the rule before both', async () => {
    const ids = await Promise.all(['told', 'queue_total', 'open_metrics_total', 'ruled', 'plain_total'].map(register));
    for (const [metric, kind] of [
      ['told', 'counter'],
      ['queue_total', 'gauge'],
      ['open_metrics', 'counter'],
      ['ruled', 'counter'],
      ['plain_total', 'unknown'],
    ] as const)
      await say(metric, kind);
    const config = DetectionConfig.parse({ schema: 1, rules: [{ metric: 'ruled', kind: 'gauge' }] });
    const known = await seriesNames(database.db, () => config).find(ids);
    expect(ids.map((id) => known.get(id)?.rule.kind)).toEqual(['counter', 'gauge', 'counter', 'gauge', 'counter']);
  });

  it('what is said later counts within ten seconds; new rules count at once', async () => {
    const id = await register('late');
    let config = DetectionConfig.parse({ schema: 1 });
    const names = seriesNames(database.db, () => config);
    const kind = async () => (await names.find([id])).get(id)?.rule.kind;
    expect(await kind()).toBe('gauge');
    await say('late', 'counter');
    expect(await kind()).toBe('gauge');
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 10_001);
    expect(await kind()).toBe('counter');
    vi.restoreAllMocks();
    config = DetectionConfig.parse({ schema: 1, rules: [{ metric: 'l*', match: { path: '/pay' }, kind: 'gauge' }] });
    expect(await kind()).toBe('gauge');
  });
});

it('series that are judged alike share one rule', async () => {
  const ids = await Promise.all(['alike', 'as_alike', 'other_total'].map(register));
  const config = DetectionConfig.parse({ schema: 1 });
  const known = await seriesNames(database.db, () => config).find(ids);
  const [one, same, other] = ids.map((id) => known.get(id)!.rule);
  expect(same).toBe(one);
  expect(other).not.toBe(one);
});
