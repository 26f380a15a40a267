import { readFileSync } from 'node:fs';
import { timeline } from '@nightshift/lifecycle';
import type { Started } from '@nightshift/runtime';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';

const second = 1_000;
const scrapeMs = 15 * second;
const scrapes = 60;

/** The example of the documentation. */
const page = readFileSync(new URL('../../../docs/signals.md', import.meta.url), 'utf8');
const documented = /```yaml\n(.*?)```/s.exec(page)![1]!;

let shop: Ground;
let detector: Started;
beforeAll(async () => {
  shop = await ground(await testDatabase(), documented);
  detector = await shop.detector();
});
afterAll(() => shop?.close());

type Given = { name: string; labels?: Record<string, string>; values: (i: number) => number };

/** Sends scrapes, the last one just now: `from` to `to` of all. */
async function send(service: string, ids: number[], given: Given[], [from, to]: [number, number], now: number) {
  const at = (i: number) => now - (scrapes - 1 - i) * scrapeMs;
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  await shop.send(numbers.flatMap((i) => given.map(({ values }, j) => ({ id: ids[j]!, at: at(i), value: values(i) }))));
  await eventually(async () => expect(await shop.drained()).toBe(true), { timeoutMs: 15_000 });
  return service;
}
const register = (service: string, given: Given[]) =>
  Promise.all(given.map(({ name, labels }) => shop.register(name, { service, ...labels })));

const anomalies = (service: string) =>
  shop.db.query<{ name: string; labels: object; value: number; high: number; severity: string; reason: string | null }>(
    `SELECT s.name, s.labels, a.value, a.high, a.severity, a.reason FROM anomaly a JOIN series s ON s.id = a.series_id
      WHERE a.service = $1 ORDER BY s.name`,
    [service],
  );
const derived = (service: string) =>
  shop.db.query<{ id: number; name: string }>(
    `SELECT id, name FROM series WHERE service = $1 AND key LIKE '=%' ORDER BY name`,
    [service],
  );
const openedOf = async (service: string) => {
  const [incident] = await shop.db.query<{ id: string; title: string }>(
    'SELECT id, title FROM incident WHERE service = $1',
    [service],
  );
  return incident && { ...incident, event: (await timeline(shop.db, incident.id))[0]!.event };
};

/** Counts up by so much per scrape, by more or less in the last ones. */
const counting =
  (usual: number, lately: number, last = 4) =>
  (i: number) =>
    1_000 + usual * Math.min(i, scrapes - last) + lately * Math.max(0, i - scrapes + last);
/** A usual rate is never quite the same. */
const swaying = (usual: number) => (i: number) => usual * i + 3 * Math.sin(i);

describe('defect 10: counters treated as gauges', () => {
  test('a classic histogram is judged by its quantiles and rate, its parts are not; a take-over goes on from there', async () => {
    const name = 'http_request_duration_seconds';
    const slow = counting(0, 90);
    const all = (i: number) => 100 * i + slow(i);
    const bucket = (le: string, values: (i: number) => number) => ({
      name: `${name}_bucket`,
      labels: { le, path: '/pay' },
      values,
    });
    const given: Given[] = [
      bucket('0.1', (i) => 100 * i),
      bucket('1', all),
      bucket('+Inf', all),
      { name: `${name}_sum`, labels: { path: '/pay' }, values: all },
      { name: `${name}_count`, labels: { path: '/pay' }, values: all },
    ];
    const ids = await register('hist', given);
    const now = await shop.now();
    await send('hist', ids, given, [0, scrapes - 10], now);
    await detector.close();
    detector = await shop.detector();
    await send('hist', ids, given, [scrapes - 10, scrapes], now);

    const names = ['p50', 'p95', 'p99', 'rate'].map((ending) => `${name}:${ending}`);
    expect((await derived('hist')).map((series) => series.name)).toEqual(names);
    expect(new Set([...ids, ...(await derived('hist')).map(({ id }) => id)].map((id) => id % 2)).size).toBe(1);
    const found = await anomalies('hist');
    expect(found.map((anomaly) => anomaly.name)).toEqual([names[1], names[2], names[3]]);
    expect(found[0]).toMatchObject({ labels: { service: 'hist', path: '/pay' }, reason: null });
    expect(found[0]!.value).toBeGreaterThan(0.5);
    expect(found[0]!.high).toBeLessThan(0.3);
  });

  test('a ratio is made of counters of one service, and is not judged below its least traffic', async () => {
    const code = (of: string, values: (i: number) => number) => ({
      name: 'http_requests_total',
      labels: { code: of },
      values,
    });
    const given = [code('200', swaying(100)), code('500', counting(1, 50))];
    const quiet = [code('200', counting(1, 1)), code('500', counting(0, 1))];
    const now = await shop.now();
    await send('ratio', await register('ratio', given), given, [0, scrapes], now);
    await send('quiet', await register('quiet', quiet), quiet, [0, scrapes], now);
    const ratio = (await anomalies('ratio')).find((anomaly) => anomaly.name === 'http_error_ratio');
    expect(ratio?.value).toBeGreaterThan(0.2);
    expect(ratio?.high).toBeLessThan(0.05);
    expect(await derived('quiet')).toEqual([]);
  });
});

describe("a person's own rules", () => {
  test('a fixed limit that is passed for its time opens an incident by itself, and says why', async () => {
    const given = [{ name: 'queue_depth', values: (i: number) => (i > scrapes - 5 ? 150 : 20) }];
    await send('limit', await register('limit', given), given, [0, scrapes], await shop.now());
    expect(await anomalies('limit')).toMatchObject([
      { name: 'queue_depth', value: 150, high: 100, severity: 'critical', reason: 'above 100 for 30 s' },
    ]);
    expect((await openedOf('limit'))?.event).toMatchObject({
      kind: 'opened',
      reason: 'queue_depth of limit is above 100 for 30 s',
    });
  });

  test('an objective whose error budget burns over both windows does as well', async () => {
    const code = (of: string, values: (i: number) => number) => ({
      name: 'http_requests_total',
      labels: { code: of },
      values,
    });
    const given = [code('200', swaying(100)), code('503', counting(0, 50))];
    await send('checkout', await register('checkout', given), given, [0, scrapes], await shop.now());
    const burning = (await anomalies('checkout')).filter(({ reason }) => reason !== null);
    expect(burning.map(({ name, severity }) => [name, severity])).toEqual([
      ['checkout:burn_rate_1h', 'critical'],
      ['checkout:burn_rate_3d', 'warning'],
      ['checkout:burn_rate_6h', 'critical'],
    ]);
    expect(burning[0]!.value).toBeGreaterThan(14.4);
    expect(burning[0]!.high).toBeCloseTo(14.4);
    expect((await openedOf('checkout'))?.event).toMatchObject({
      reason: expect.stringMatching(
        /^checkout:burn_rate_\w+ of checkout is above [\d.]+ times as fast as its error budget lasts \(99.9 % over 30 days\), over \d. and \d+./,
      ) as string,
    });
  });
});
