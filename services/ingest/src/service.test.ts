import { moveClock } from '@nightshift/db';
import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { createToken, type TokenScope } from '@nightshift/runtime';
import { eventually, redisAvailable, startRedis, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { decodeBatch, inputLimits } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';

const log = { info() {}, warn() {}, error() {} };
const sample = (change: object = {}) => ({
  name: 'http_error_ratio',
  value: 0.01,
  timestamp: Date.now(),
  labels: { service: 'shop-api' },
  ...change,
});

type Got = { shard: number; seriesId: number; timestamp: number; value: number };

/** Reads along what ingest sends, as a detector would. */
function readAlong(queue: Queue, shards: number): Got[] {
  const got: Got[] = [];
  for (let shard = 0; shard < shards; shard++) {
    queue.consume(
      'samples',
      async (job) => {
        const { seriesIds, timestamps, values } = decodeBatch(job.batch);
        seriesIds.forEach((seriesId, i) =>
          got.push({ shard: job.shard, seriesId, timestamp: timestamps[i]!, value: values[i]! }),
        );
      },
      { shard },
    );
  }
  return got;
}

const backends = [
  [
    'Postgres',
    async (database: TestDatabase) => (await migrateQueue(database.url), { url: database.url, close: async () => {} }),
    true,
  ],
  ['Redis', () => startRedis(), redisAvailable()],
] as const;

describe.each(backends)('samples through ingest and the queue on %s arrive', (backend, start, available) => {
  if (!available) return it('not run', (test) => test.skip(`${backend} is not on this machine`));
  let database: TestDatabase;
  let server: { url: string; close(): Promise<void> };
  let queue: Queue;
  let got: Got[];
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase();
    server = await start(database);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url, queueUrl: server.url });
    queue = connectQueue({ url: server.url, log, name: 'test' });
    got = readAlong(queue, 4);
  });
  afterAll(async () => {
    await ingest.close();
    await queue.close();
    await server.close();
    await database.close();
  });
  const idOf = async (name: string) =>
    (await database.db.query<{ id: number }>('SELECT id FROM series WHERE name = $1', [name]))[0]!.id;

  it('in the shard of their series, as they were sent', async () => {
    const timestamp = Date.now() - 60_000;
    const answer = await ingest.post('/v1/samples', {
      samples: [sample({ name: 'arrives', value: 0.125, timestamp })],
    });
    expect([answer.status, answer.body]).toEqual([202, { accepted: 1, rejected: [], rejectedTotal: 0 }]);
    const seriesId = await idOf('arrives');
    await eventually(() => expect(got).toContainEqual({ shard: seriesId % 4, seriesId, timestamp, value: 0.125 }));
  });

  it('each once, from many requests at the same time, in order within a series', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `concurrent_${i}`);
    const from = Date.now() - 3_600_000;
    const senders = names.map(async (name) => {
      for (let round = 0; round < 5; round++) {
        const samples = Array.from({ length: 50 }, (_, i) =>
          sample({ name, timestamp: from + round * 50 + i, value: round * 50 + i }),
        );
        expect((await ingest.post('/v1/samples', { samples })).body).toMatchObject({ accepted: 50 });
      }
    });
    await Promise.all(senders);
    const ids = new Set(await Promise.all(names.map(idOf)));
    await eventually(() => expect(got.filter(({ seriesId }) => ids.has(seriesId))).toHaveLength(20 * 250));
    for (const id of ids) {
      expect(got.filter(({ seriesId }) => seriesId === id).map(({ value }) => value)).toEqual(
        Array.from({ length: 250 }, (_, i) => i),
      );
    }
  });

  it('ten thousand at once', async () => {
    const timestamp = Date.now();
    const samples = Array.from({ length: inputLimits.samplesPerRequest }, (_, i) =>
      sample({ name: 'many', labels: { i: String(i % 100) }, timestamp: timestamp - i }),
    );
    expect((await ingest.post('/v1/samples', { samples })).body).toMatchObject({
      accepted: 10_000,
      rejectedTotal: 0,
    });
    const ids = (await database.db.query<{ id: number }>(`SELECT id FROM series WHERE name = 'many'`)).map(
      ({ id }) => id,
    );
    await eventually(() => expect(got.filter(({ seriesId }) => ids.includes(seriesId))).toHaveLength(10_000));
  });

  it('the good ones of a mixed request, while each bad one is named', async () => {
    const samples = [
      sample({ name: 'mixed', value: 1 }),
      sample({ value: null }),
      sample({ name: 'mixed', value: 2 }),
      sample({ timestamp: 5 }),
    ];
    const { status, body } = await ingest.post('/v1/samples', { samples });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      accepted: 2,
      rejectedTotal: 2,
      rejected: [
        { index: 1, field: 'value', reason: 'not_finite' },
        { index: 3, field: 'timestamp', reason: 'too_old' },
      ],
    });
    const id = await idOf('mixed');
    await eventually(() =>
      expect(got.filter(({ seriesId }) => seriesId === id).map(({ value }) => value)).toEqual([1, 2]),
    );
  });
});

describe('ingest', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase({ max: 4 });
    await migrateQueue(database.url);
    ingest = await startTestIngest({
      db: database.db,
      databaseUrl: database.url,
      env: { NIGHTSHIFT_MAX_SERIES: '40' },
    });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
  });
  const start = (env: Record<string, string>) => startTestIngest({ db: database.db, databaseUrl: database.url, env });

  describe('answers a bad body with what to do', () => {
    const padded = (bytes: number) => `{"samples":[],"padding":"${'x'.repeat(bytes)}"}`;
    it.each<[string, unknown, number, string, RegExp]>([
      ['nothing', '', 400, 'BODY_INVALID', /empty/],
      ['malformed JSON', '{"samples":[', 400, 'BODY_INVALID', /not JSON/],
      [
        'NaN as a bare word',
        '{"samples":[{"name":"a","value":NaN}]}',
        400,
        'BODY_INVALID',
        /NaN and Infinity are none/,
      ],
      ['text', '"samples"', 400, 'BODY_INVALID', /list "samples"/],
      ['null', 'null', 400, 'BODY_INVALID', /list "samples"/],
      ['a bare list', [sample()], 400, 'BODY_INVALID', /list "samples"/],
      ['samples as an object', { samples: {} }, 400, 'BODY_INVALID', /list "samples"/],
      ['samples under __proto__ alone', '{"__proto__":{"samples":[]}}', 400, 'BODY_INVALID', /list "samples"/],
      ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0xfe), 400, 'BODY_INVALID', /UTF-8/],
      [
        '10,001 samples',
        { samples: Array.from({ length: 10_001 }, () => sample()) },
        413,
        'BODY_TOO_LARGE',
        /10001 samples.*at most 10000/,
      ],
      ['more bytes than may be', padded(inputLimits.bodyBytes), 413, 'BODY_TOO_LARGE', /larger than 8388608 bytes/],
      [
        'nothing but bad samples',
        { samples: [sample({ value: 'x' })] },
        400,
        'BODY_INVALID',
        /none of 1 samples.*samples\[0\]\.value: must be a number/,
      ],
    ])('%s', async (_name, body, status, code, message) => {
      const answer = await ingest.post('/v1/samples', body);
      expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
      expect(answer.body.error?.message).toMatch(message);
      expect(answer.body.error?.help).toMatch(/\w/);
    });

    it('an encoding that it cannot read', async () => {
      const answer = await ingest.post('/v1/samples', 'x', { 'content-encoding': 'gzip' });
      expect([answer.status, answer.body.error?.message]).toEqual([
        400,
        'the body is encoded as gzip: send plain JSON',
      ]);
    });

    it('a thousand bad samples: the first hundred by name, all of them counted', async () => {
      const samples = [sample(), ...Array.from({ length: 1_000 }, () => sample({ value: 'x' }))];
      const { body } = await ingest.post('/v1/samples', { samples });
      expect([body.accepted, body.rejected?.length, body.rejected?.at(-1)?.index, body.rejectedTotal]).toEqual([
        1, 100, 100, 1_000,
      ]);
    });

    it('a label of 1 MB and labels called __proto__, the good ones kept', async () => {
      const samples = `[${JSON.stringify(sample({ labels: { a: 'x'.repeat(1_048_576) } }))},{"name":"a","value":1,"timestamp":${Date.now()},"labels":{"__proto__":"x"}},${JSON.stringify(sample())}]`;
      const { status, body } = await ingest.post('/v1/samples', `{"samples":${samples}}`);
      expect([status, body.accepted, body.rejected?.map(({ reason }) => reason)]).toEqual([
        202,
        1,
        ['too_long', 'forbidden'],
      ]);
      expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    });
  });

  it('takes no samples as well', async () => {
    expect(await ingest.post('/v1/samples', { samples: [] })).toMatchObject({
      status: 202,
      body: { accepted: 0, rejected: [], rejectedTotal: 0 },
    });
  });

  it('takes JSON whatever content type curl gives it', async () => {
    const answer = await ingest.post(
      '/v1/samples',
      { samples: [sample()] },
      { 'content-type': 'application/x-www-form-urlencoded' },
    );
    expect(answer.status).toBe(202);
  });

  it('defect 57: judges times by the database clock', async () => {
    const ahead = sample({ timestamp: Date.now() + 2 * inputLimits.sampleAheadMs });
    expect((await ingest.post('/v1/samples', { samples: [ahead] })).body.error?.rejected).toMatchObject([
      { reason: 'in_future' },
    ]);
    await moveClock(database.db, 2 * inputLimits.sampleAheadMs);
    await eventually(async () => expect((await ingest.post('/v1/samples', { samples: [ahead] })).status).toBe(202));
    await moveClock(database.db, -2 * inputLimits.sampleAheadMs);
  });

  it('refuses series beyond the limit, says so with 429 when there is nothing else, and lets known ones go on', async () => {
    await ingest.post('/v1/samples', { samples: [sample({ name: 'known' })] });
    const flood = Array.from({ length: 60 }, (_, i) => sample({ name: 'flood', labels: { i: String(i) } }));
    const first = await ingest.post('/v1/samples', { samples: flood });
    expect(first.status).toBe(202);
    expect((await database.db.query<{ n: number }>('SELECT count(*) AS n FROM series'))[0]?.n).toBe(40);
    const alone = await ingest.post('/v1/samples', { samples: [sample({ name: 'one more' })] });
    expect([alone.status, alone.body.error?.code, alone.body.error?.rejected?.[0]?.reason]).toEqual([
      429,
      'SERIES_LIMIT',
      'series_limit',
    ]);
    const mixed = await ingest.post('/v1/samples', {
      samples: [sample({ name: 'known' }), sample({ name: 'one more' })],
    });
    expect([mixed.status, mixed.body.accepted, mixed.body.rejectedTotal]).toEqual([202, 1, 1]);
    const { text } = await ingest.get('/metrics');
    expect(text).toMatch(/nightshift_ingest_refused_samples_total\{reason="series_limit",service="ingest"\} \d+/);
    expect(text).toMatch(/nightshift_ingest_series\{service="ingest"\} 40/);
  });

  describe('defect 59: asks for a token', () => {
    it.each(['/v1/samples', '/v1/deployments'])('%s', async (path) => {
      const none = await fetch(ingest.url + path, { method: 'POST', body: '{}' });
      expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(await none.json()).toMatchObject({
        error: { code: 'AUTH_MISSING', help: expect.stringContaining('nightshift token create') as string },
      });
      const wrong = await ingest.post(path, {}, { authorization: `Bearer nst_${'A'.repeat(43)}` });
      expect([wrong.status, wrong.body.error?.code]).toEqual([401, 'AUTH_INVALID']);
      const { secret } = await createToken(database.db, { name: 'reader', scopes: [] });
      const unfit = await ingest.post(path, {}, { authorization: `Bearer ${secret}` });
      expect([unfit.status, unfit.body.error?.code]).toEqual([403, 'AUTH_SCOPE']);
    });

    it('that is for this door, or for all', async () => {
      const withScope = async (scope: TokenScope) => {
        const { secret } = await createToken(database.db, { name: scope, scopes: [scope] });
        const send = (path: string, body: unknown) => ingest.post(path, body, { authorization: `Bearer ${secret}` });
        const routed = { routing_key: secret, payload: { summary: 's', source: 'scoped', severity: 'info' } };
        const answers = [
          await send('/v1/samples', { samples: [] }),
          await send('/v1/metrics', {}),
          await send('/api/v2/alerts', []),
          await send('/v2/enqueue', { ...routed, event_action: 'trigger' }),
          await send('/v1/deployments', { service: 'scoped', version: 'v1' }),
          await send('/v2/change/enqueue', routed),
          await send('/v1/cloudevents', '{}'),
        ];
        return answers.map(({ status }) => status);
      };
      expect(await withScope('ingest')).toEqual([202, 200, 200, 202, 201, 202, 415]);
      expect(await withScope('samples')).toEqual([202, 200, 403, 403, 403, 403, 403]);
      expect(await withScope('alerts')).toEqual([403, 403, 200, 202, 403, 403, 403]);
      expect(await withScope('changes')).toEqual([403, 403, 403, 403, 201, 202, 403]);
    });

    it('and takes two at once while one replaces the other', async () => {
      const { secret } = await createToken(database.db, { name: 'next', scopes: ['ingest'] });
      for (const token of [ingest.secret, secret]) {
        expect((await ingest.post('/v1/samples', { samples: [] }, { authorization: `Bearer ${token}` })).status).toBe(
          202,
        );
      }
    });
  });

  describe('records deployments', () => {
    const deployment = {
      service: 'shop-api',
      version: 'v2',
      previousVersion: 'v1',
      deployedAt: 1_732_400_000_000,
      by: 'ada',
      url: 'https://ci.example/7',
    };

    it('once, however often it is told', async () => {
      const answers = await Promise.all([1, 2, 3].map(() => ingest.post('/v1/deployments', deployment)));
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
      const rows = await database.db.query(
        `SELECT id, service, version, previous_version, deployed_at, by, url FROM deployment WHERE service = 'shop-api'`,
      );
      expect(rows).toEqual([
        {
          id: answers[0]!.body.id,
          service: 'shop-api',
          version: 'v2',
          previous_version: 'v1',
          deployed_at: 1_732_400_000_000,
          by: 'ada',
          url: 'https://ci.example/7',
        },
      ]);
    });

    it('at the time of the database when no time is given', async () => {
      const { body } = await ingest.post('/v1/deployments', { service: 'shop-web', version: 'v9' });
      const [row] = await database.db.query<{ agoMs: number; previous_version: null }>(
        `SELECT abs(extract(epoch FROM nightshift_now() - deployed_at) * 1000)::float8 AS "agoMs", previous_version FROM deployment WHERE id = $1`,
        [body.id],
      );
      expect(row!.agoMs).toBeLessThan(2_000);
      expect(row!.previous_version).toBeNull();
    });

    it.each<[string, unknown, RegExp]>([
      ['malformed JSON', '{', /JSON/],
      ['no version', { service: 'a' }, /version/],
      ['a wildcard service', { ...deployment, service: '*' }, /service.*exactly one thing/],
      ['a number as version', { ...deployment, version: 2 }, /version.*string/],
      ['seconds', { ...deployment, deployedAt: 1_732_400_000 }, /deployedAt.*milliseconds, not seconds/],
      ['the future', { ...deployment, deployedAt: 4_102_444_800_000 }, /deployedAt.*future/],
      ['a time as text', { ...deployment, deployedAt: 'now' }, /deployedAt.*number/],
      ['a link that runs', { ...deployment, url: 'javascript:alert(1)' }, /url/],
      ['NUL', { ...deployment, by: 'a\0' }, /by.*NUL/],
      ['a service under __proto__', '{"__proto__":{"service":"a"},"version":"v"}', /service/],
    ])('but not with %s', async (_name, body, message) => {
      const answer = await ingest.post('/v1/deployments', body);
      expect([answer.status, answer.body.error?.code]).toEqual([400, 'BODY_INVALID']);
      expect(answer.body.error?.message).toMatch(message);
    });
  });

  describe('keeps the number of shards of its first start', () => {
    it('whatever it is started with later: another number is refused', async () => {
      expect(await database.db.query(`SELECT value FROM setting WHERE key = 'shard_count'`)).toEqual([{ value: 4 }]);
      await expect(start({ SHARD_COUNT: '8' })).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/SHARD_COUNT is 8, but.*4 shards/) as string,
      });
      await (await start({ SHARD_COUNT: '4' })).close();
      expect(await database.db.query(`SELECT value FROM setting WHERE key = 'shard_count'`)).toEqual([{ value: 4 }]);
    });
  });

  it('describes itself: a hint, and OpenAPI 3.1 with both routes, their schemas and answers', async () => {
    expect((await ingest.get('/')).text).toMatch(/POST \/v1\/samples.*\/openapi\.json/);
    const document = (await ingest.get('/openapi.json')).body as unknown as {
      openapi: string;
      paths: Record<string, { post: { requestBody: unknown; responses: object } }>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(['/v1/samples', '/v1/deployments']);
    const { post } = document.paths['/v1/samples']!;
    expect(Object.keys(post.responses)).toEqual(['202', '400', '401', '403', '413', '429', '503']);
    expect(post.requestBody).toMatchObject({
      content: {
        'application/json': {
          schema: {
            properties: {
              samples: {
                maxItems: 10_000,
                items: { required: ['name', 'value', 'timestamp'], properties: { labels: { maxProperties: 32 } } },
              },
            },
          },
        },
      },
    });
  });
});
