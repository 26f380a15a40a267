import { migrateQueue } from '@nightshift/queue';
import { createToken, rotateToken, type TokenLimits } from '@nightshift/runtime';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';
import { headersV1, snappy, writeRequest } from './remote-write/remote-write.fixture.ts';

describe('limits of a token', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
  });
  const tokenWith = (name: string, limits: TokenLimits) =>
    createToken(database.db, { name, scopes: ['ingest'], limits });
  const bearer = ({ secret }: { secret: string }) => ({ authorization: `Bearer ${secret}` });
  const samples = (name: string, zones: number, from = 0) => ({
    samples: Array.from({ length: zones }, (_, i) => ({
      name,
      value: 1,
      timestamp: Date.now(),
      labels: { service: 'shop', zone: `${from + i}` },
    })),
  });
  const metric = async (pattern: RegExp) => Number(pattern.exec((await ingest.get('/metrics')).text)?.[1] ?? 0);

  it('defect 15: new series beyond the cap are refused by name and counted, known ones go on, and a neighbour has its own room', async () => {
    const greedy = await tokenWith('greedy', { maxSeries: 5 });
    const first = await ingest.post('/v1/samples', samples('capped', 8), bearer(greedy));
    expect([first.status, first.body.accepted, first.body.rejectedTotal]).toEqual([202, 5, 3]);
    expect(first.body.rejected![0]).toMatchObject({
      field: 'labels',
      reason: 'token_series_limit',
      message: expect.stringMatching(/"greedy" has its 5 series/) as string,
    });
    const none = await ingest.post('/v1/samples', samples('capped', 3, 5), bearer(greedy));
    expect([none.status, none.body.error?.code]).toEqual([429, 'SERIES_LIMIT']);
    expect((await ingest.post('/v1/samples', samples('capped', 5), bearer(greedy))).body).toMatchObject({
      accepted: 5,
    });

    const neighbour = await tokenWith('neighbour', {});
    expect((await ingest.post('/v1/samples', samples('capped', 8), bearer(neighbour))).body).toMatchObject({
      accepted: 8,
    });
    // What the neighbour registered is known, also to the greedy one.
    expect((await ingest.post('/v1/samples', samples('capped', 8), bearer(greedy))).body).toMatchObject({
      accepted: 8,
    });
    expect(await metric(/refused_samples_total\{reason="token_series_limit",[^}]*\} (\d+)/)).toBe(6);
    expect(await metric(/token_samples_total\{token="greedy",[^}]*\} (\d+)/)).toBe(18);
  });

  it('the cap stays with the sender when its token is replaced, and remote write says 429 when nothing else came', async () => {
    const old = await tokenWith('rotated', { maxSeries: 2 });
    await ingest.post('/v1/samples', samples('rotated', 2), bearer(old));
    const next = await rotateToken(database.db, old.id, { graceMs: 60_000 });
    const body = snappy(writeRequest([{ labels: { __name__: 'rotated_more' }, samples: [[1, Date.now()]] }]));
    for (const token of [old, next]) {
      const answer = await ingest.post('/api/v1/write', body, { ...bearer(token), ...headersV1 });
      expect([answer.status, answer.body.error?.code]).toEqual([429, 'SERIES_LIMIT']);
    }
  });

  it('labels and bytes', async () => {
    const small = await tokenWith('small', { labelsPerSample: 1, bodyBytes: 400 });
    const wide = await ingest.post('/v1/samples', samples('wide', 1), bearer(small));
    expect([wide.status, wide.body.error?.rejected]).toEqual([
      400,
      [expect.objectContaining({ reason: 'token_label_limit', index: 0 }) as object],
    ]);
    expect((await ingest.post('/v1/samples', samples('wide', 5), bearer(small))).status).toBe(413);
    // What inflates to more than it may be is too large as well.
    const many = Array.from({ length: 30 }, () => ({
      labels: { __name__: 'inflates' },
      samples: [[1, 1]] as [number, number][],
    }));
    const body = snappy(writeRequest(many));
    expect(body.length).toBeLessThan(400);
    const headers = { ...bearer(small), ...headersV1 };
    expect((await ingest.post('/api/v1/write', body, headers)).status).toBe(413);
  });

  it('a flood is told 503 and when to come again; the same samples then count once, and a neighbour is served meanwhile', async () => {
    const flood = await tokenWith('flood', { samplesPerSecond: 400 });
    const body = samples('flood', 300);
    const send = () => ingest.post('/v1/samples', body, bearer(flood));
    let last = await send();
    for (let i = 0; i < 10 && last.status === 202; i++) last = await send();
    expect([last.status, last.body.error?.code, last.headers.get('retry-after')]).toEqual([
      503,
      'TOKEN_LIMITED',
      expect.stringMatching(/^[1-9]$/) as string,
    ]);
    expect((await ingest.post('/v1/samples', samples('calm', 10))).status).toBe(202);
    const alert = { labels: { alertname: 'Flooded' } };
    expect((await ingest.post('/api/v2/alerts', [alert], bearer(flood))).status).toBe(503);
    expect((await ingest.post('/api/v2/alerts', [alert])).status).toBe(200);
    expect(await metric(/token_limited_requests_total\{token="flood",limit="rate",[^}]*\} (\d+)/)).toBe(2);
    await eventually(async () => expect((await send()).status).toBe(202), { timeoutMs: 15_000 });
  });

  it('alerts and changes are dear: too many are turned away as well', async () => {
    const noisy = await tokenWith('noisy', { samplesPerSecond: 100 });
    const alerts = Array.from({ length: 50 }, (_, i) => ({
      labels: { alertname: `N${i}`, service: 'noisy', severity: 'info' },
    }));
    expect((await ingest.post('/api/v2/alerts', alerts, bearer(noisy))).status).toBe(200);
    const event = { routing_key: noisy.secret, payload: { summary: 's', source: 'noisy' } };
    for (const [path, body] of [
      ['/v1/deployments', { service: 'noisy', version: 'v1' }],
      ['/v2/change/enqueue', event],
    ] as const) {
      const answer = await ingest.post(path, body, bearer(noisy));
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([
        503,
        expect.stringMatching(/^\d+$/) as string,
      ]);
    }
  });
});
