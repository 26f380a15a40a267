import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { timeline } from '@nightshift/lifecycle';
import { createToken, type Started } from '@nightshift/runtime';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';

const second = 1_000;
const scrapeMs = 15 * second;
const scrapes = 60;

/** The example of the documentation. */
const page = readFileSync(new URL('../../../docs/signals.md', import.meta.url), 'utf8');
const documented = /```yaml\n(.*?)```/s.exec(page)![1]!;

const main = fileURLToPath(new URL('../../ingest/dist/main.js', import.meta.url));

let shop: Ground;
let detector: Started;
let ingest: { process: ChildProcess; url: string; token: string };
beforeAll(async () => {
  shop = await ground(await testDatabase(), documented);
  detector = await shop.detector();
  ingest = await startIngest();
});
afterAll(async () => {
  ingest?.process.kill('SIGKILL');
  await shop?.close();
});

/** An ingest as it runs in production: a process of its own. */
async function startIngest() {
  const port = await freePort();
  const env = { PATH: process.env['PATH'], ...shop.env, PORT: String(port) };
  const child = spawn(process.execPath, [main], { env, stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  const ready = async () => expect((await fetch(`${url}/readyz`)).status, 'dist/main.js must be built').toBe(200);
  await eventually(ready, { timeoutMs: 30_000 });
  const { secret } = await createToken(shop.db, { name: 'test', scopes: ['ingest'] });
  return { process: child, url, token: secret };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Given = { name: string; labels?: Record<string, string>; values: (i: number) => number };

/** Pushes scrapes of a service, the last of all just now: `from` to `to`. */
async function send(service: string, given: Given[], [from, to]: [number, number], now: number) {
  const at = (i: number) => now - (scrapes - 1 - i) * scrapeMs;
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const samples = numbers.flatMap((i) =>
    given.map(({ name, labels, values }) => ({
      name,
      labels: { service, ...labels },
      timestamp: at(i),
      value: values(i),
    })),
  );
  const answer = await fetch(`${ingest.url}/v1/samples`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ingest.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ samples }),
  });
  expect(await answer.json()).toMatchObject({ accepted: samples.length });
  await eventually(async () => expect(await shop.drained()).toBe(true), { timeoutMs: 15_000 });
}

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
    const now = await shop.now();
    await send('hist', given, [0, scrapes - 10], now);
    await detector.close();
    detector = await shop.detector();
    await send('hist', given, [scrapes - 10, scrapes], now);

    const names = ['p50', 'p95', 'p99', 'rate'].map((ending) => `${name}:${ending}`);
    expect((await derived('hist')).map((series) => series.name)).toEqual(names);
    const shards = await shop.db.query(`SELECT DISTINCT id % 2 FROM series WHERE service = 'hist'`);
    expect(shards).toHaveLength(1);
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
    await send('ratio', given, [0, scrapes], now);
    await send('quiet', quiet, [0, scrapes], now);
    const ratio = (await anomalies('ratio')).find((anomaly) => anomaly.name === 'http_error_ratio');
    expect(ratio?.value).toBeGreaterThan(0.2);
    expect(ratio?.high).toBeLessThan(0.05);
    expect(await derived('quiet')).toEqual([]);
  });
});

describe("a person's own rules", () => {
  test('a fixed limit that is passed for its time opens an incident by itself, and says why', async () => {
    const given = [{ name: 'queue_depth', values: (i: number) => (i > scrapes - 5 ? 150 : 20) }];
    await send('limit', given, [0, scrapes], await shop.now());
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
    await send('checkout', given, [0, scrapes], await shop.now());
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
