import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@nightshift/testkit';
import {
  classify,
  IncidentType,
  reclassify,
  type ClassificationRules,
  type Found,
  type NamedSignal,
} from '@nightshift/types';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClassification, watchClassification } from './classification.ts';
import { valueOf } from './yaml.ts';

let folder: string;
let shipped: ClassificationRules;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-classification-'));
  shipped = valueOf(await loadClassification(folder));
});
afterAll(() => rm(folder, { recursive: true }));

const named = (...metrics: string[]): NamedSignal[] => metrics.map((metric) => ({ metric, labels: { zone: 'a' } }));
const refused: Found = { check: 'http_probe', status: 'down', facts: { connected: false } };
const answered: Found = { check: 'http_probe', status: 'down', facts: { connected: true, status: 500 } };

describe('the rules that ship', () => {
  it.each([
    ['http_error_rate', 'high_error_rate'],
    ['http_5xx_total', 'high_error_rate'],
    ['http_error_ratio', 'high_error_rate'],
    ['api.errors', 'high_error_rate'],
    ['http_latency_p99_ms', 'high_latency'],
    ['response_time', 'high_latency'],
    ['http_request_duration_seconds', 'high_latency'],
    ['requestLatency', 'high_latency'],
    ['up', 'service_down'],
    ['shop_health', 'service_down'],
    ['availability', 'service_down'],
    ['memory_used_bytes', 'resource_exhaustion'],
    ['node_cpu', 'resource_exhaustion'],
    ['disk_usage', 'resource_exhaustion'],
    ['orders_per_minute', 'unknown'],
    ['uptime_seconds', 'unknown'],
    ['supply', 'unknown'],
    ['http_request_duration_seconds:p95', 'high_latency'],
    ['http_request_duration_seconds:rate', 'unknown'],
    ['checkout:burn_rate_1h', 'high_error_rate'],
    ['checkout_latency:burn_rate_1h', 'high_latency'],
  ])('%s speaks of %s', (metric, type) => expect(classify(shipped, named(metric)).type).toBe(type));

  it('hear of what is gone from alerts, not from metrics', () => {
    const alerts = ['TargetDown', 'KubeletDown', 'host unreachable', 'JobAbsent'];
    const types = (alert: boolean) => alerts.map((metric) => classify(shipped, [{ metric, labels: {}, alert }]).type);
    expect([types(true), types(false)]).toEqual([alerts.map(() => 'service_down'), alerts.map(() => 'unknown')]);
  });

  it('let down outrank errors, errors latency, latency resources', () => {
    const metrics = ['cpu', 'latency_ms', 'error_rate', 'up'];
    const types = metrics.map((_, i) => classify(shipped, named(...metrics.slice(0, i + 1).toReversed())).type);
    expect(types).toEqual(['resource_exhaustion', 'high_latency', 'high_error_rate', 'service_down']);
    expect(classify(shipped, [])).toEqual({ type: 'unknown', rule: null, conditions: [] });
  });

  it('say which word of which name it was', () => {
    expect(classify(shipped, named('cpu', 'http_error_ratio'))).toEqual({
      type: 'high_error_rate',
      rule: 'errors-by-name',
      conditions: [
        { condition: 'type unknown', actual: 'unknown', holds: true },
        { condition: 'a signal called error', actual: 'http_error_ratio', holds: true },
      ],
    });
  });

  it('defect 54: what diagnostics found says what an unknown incident is, with its reasons', () => {
    const say = (...diagnostics: Found[]) =>
      reclassify(shipped, { type: 'unknown', signals: named('orders_per_minute'), diagnostics });
    expect(say(refused)).toEqual({
      type: 'service_down',
      rule: 'nobody-answers',
      conditions: [
        { condition: 'type unknown', actual: 'unknown', holds: true },
        { condition: 'http_probe down', actual: 'down', holds: true },
        { condition: 'http_probe.connected = false', actual: 'false', holds: true },
      ],
    });
    expect(say(answered)).toBeNull();
    expect(say({ check: 'database_connections', status: 'degraded', facts: {} })?.type).toBe('high_latency');
    expect(say({ ...refused, status: 'unknown' })).toBeNull();
  });

  it('never explain away what users feel', () => {
    for (const type of IncidentType.options.filter((each) => each !== 'unknown'))
      expect(reclassify(shipped, { type, signals: named('up', 'errors'), diagnostics: [refused] })).toBeNull();
  });
});

describe('classification.yaml', () => {
  const file = () => join(folder, 'classification.yaml');
  const load = async (...lines: string[]) => {
    await writeFile(file(), ['schema: 1', ...lines, ''].join('\n'));
    return loadClassification(folder);
  };

  it('comes before what ships: the first rule that fits, by words, labels, status and facts together', async () => {
    const rules = valueOf(
      await load(
        'rules:',
        '- { id: other-zone, type: service_down, labels: { zone: b } }',
        '- { id: queue, type: resource_exhaustion, from: [high_latency, unknown], metrics: [queue], labels: { zone: a } }',
        '- { id: orders, type: high_error_rate, metrics: [orders] }',
      ),
    );
    const type = (from: IncidentType, metric: string) =>
      reclassify(rules, { type: from, signals: named(metric), diagnostics: [] })?.rule ?? 'as it was';
    expect(type('high_latency', 'orders_queue_depth')).toBe('queue');
    expect(type('service_down', 'orders_queue_depth')).toBe('orders');
    expect(type('resource_exhaustion', 'memory')).toBe('as it was');
    expect(type('unknown', 'memory')).toBe('resources-by-name');
  });

  it('puts its rule in the place of a shipped one with that id, and may do without them', async () => {
    const own = "- { id: errors-by-name, type: high_error_rate, metrics: ['4xx'] }";
    const ids = valueOf(await load('rules:', own)).map(({ id }) => id);
    expect([ids[0], ids.length, new Set(ids).size]).toEqual(['errors-by-name', shipped.length, shipped.length]);
    expect(valueOf(await load('shipped: false', 'rules:', own)).map(({ id }) => id)).toEqual(['errors-by-name']);
  });

  it('is followed: broken, the last good one stays in force; gone, what ships does', async () => {
    await load('rules: [{ id: own, type: service_down, metrics: [orders] }]');
    const log = pino({ level: 'silent' });
    const watched = await watchClassification(folder, log);
    const first = () => watched.current()[0]!.id;
    expect(first()).toBe('own');
    await load('rules: [{ id: own, type: service_down }]');
    await eventually(() =>
      expect(watched.problems()).toMatchObject([
        {
          file: file(),
          line: 2,
          field: 'rules[0]',
          message: expect.stringContaining('must have a condition') as string,
        },
      ]),
    );
    expect(first()).toBe('own');
    await expect(watchClassification(folder, log)).rejects.toThrow('rules[0]');
    const lenient = await watchClassification(folder, log, { orShipped: true });
    expect(lenient.current()).toEqual(shipped);
    await rm(file());
    await eventually(() => expect(watched.current()).toEqual(shipped));
    await Promise.all([watched.close(), lenient.close()]);
  });
});
