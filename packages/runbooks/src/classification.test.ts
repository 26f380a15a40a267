import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classify } from '@nightshift/detection';
import { Classification, IncidentType } from '@nightshift/types';
import { expect, it } from 'vitest';
import type { z } from 'zod';
import { defaultClassification, loadClassification, reclassify } from './classification.ts';
import type { Found } from './conditions.ts';

const refused: Found = { check: 'http_probe', status: 'down', facts: { connected: false } };
const answered: Found = { check: 'http_probe', status: 'down', facts: { connected: true, status: 500 } };
const say = (type: IncidentType, metrics: string[], diagnostics: Found[] = [], rules = defaultClassification) =>
  reclassify(rules, { type, signals: metrics.map((metric) => ({ metric, labels: { zone: 'a' } })), diagnostics });

it('defect 54: what diagnostics found says what an unknown incident is, with its reasons', () => {
  expect(say('unknown', ['orders_per_minute'], [refused])).toEqual({
    type: 'service_down',
    rule: 'nobody-answers',
    conditions: [
      { condition: 'type unknown', actual: 'unknown', holds: true },
      { condition: 'http_probe down', actual: 'down', holds: true },
      { condition: 'http_probe.connected = false', actual: 'false', holds: true },
    ],
  });
  expect(say('unknown', ['orders_per_minute'], [answered])).toBeNull();
  expect(
    say('unknown', ['orders_per_minute'], [{ check: 'database_connections', status: 'degraded', facts: {} }])?.type,
  ).toBe('high_latency');
  expect(say('unknown', ['orders_per_minute'], [{ ...refused, status: 'unknown' }])).toBeNull();
});

it('by default agrees with the names of metrics, and never explains away what users feel', () => {
  for (const metric of ['http_error_ratio', 'latency_p95', 'up', 'cpu_load', 'orders'])
    expect(say('unknown', [metric])?.type ?? 'unknown').toBe(classify([metric]));
  for (const type of IncidentType.options.filter((each) => each !== 'unknown'))
    expect(say(type, ['up', 'http_error_ratio'], [refused])).toBeNull();
});

const rules = (...list: z.input<typeof Classification>['rules']) => Classification.parse({ schema: 1, rules: list });

it('takes the first rule that fits, by words, labels, status and facts together', () => {
  const own = rules(
    { id: 'other-zone', type: 'service_down', labels: { zone: 'b' } },
    {
      id: 'queue',
      type: 'resource_exhaustion',
      from: ['high_latency', 'unknown'],
      metrics: ['queue'],
      labels: { zone: 'a' },
    },
    { id: 'anything', type: 'high_error_rate', metrics: ['queue', 'orders'] },
  );
  expect(say('high_latency', ['orders_queue_depth'], [], own)).toMatchObject({
    type: 'resource_exhaustion',
    rule: 'queue',
  });
  expect(say('service_down', ['orders_queue_depth'], [], own)).toMatchObject({
    type: 'high_error_rate',
    rule: 'anything',
  });
  expect(say('resource_exhaustion', ['memory'], [], own)).toBeNull();
});

it('is read from classification.yaml where there is one, refused by line and field where that is wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-classification-'));
  expect(await loadClassification(folder)).toMatchObject({ ok: true, value: defaultClassification });
  const write = (text: string) => writeFile(join(folder, 'classification.yaml'), text);
  await write('schema: 1\nrules:\n  - id: a\n    type: service_down\n');
  expect(await loadClassification(folder)).toMatchObject({
    ok: false,
    problems: [{ line: 3, field: 'rules[0]', message: 'must have a condition: metrics, labels, status or facts' }],
  });
  await write('schema: 1\nrules:\n  - id: a\n    type: service_down\n    metrics: [Up]\n');
  expect(await loadClassification(folder)).toMatchObject({ problems: [{ line: 5, field: 'rules[0].metrics[0]' }] });
  await write('schema: 1\nrules:\n  - id: a\n    type: service_down\n    metrics: [up]\n');
  expect(await loadClassification(folder)).toMatchObject({ ok: true, value: { rules: [{ id: 'a' }] } });
  await rm(folder, { recursive: true });
});
