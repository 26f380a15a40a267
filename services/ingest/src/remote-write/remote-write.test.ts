import { readFileSync } from 'node:fs';
import { moveClock } from '@nightshift/db';
import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';
import {
  headersV1,
  headersV2,
  requestV2,
  snappy,
  staleMarker,
  writeRequest,
  type Sent,
} from './remote-write.fixture.ts';

describe('POST /api/v1/write', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({
      db: database.db,
      databaseUrl: database.url,
      env: { NIGHTSHIFT_MAX_SERIES: '60', INGEST_INFLIGHT_BYTES: String(8 * 1024 * 1024) },
    });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
  });

  const write = (body: Uint8Array, headers: Record<string, string> = headersV1) =>
    ingest.post('/api/v1/write', body, headers);
  const v1 = (series: Sent[]) => write(snappy(writeRequest(series)));
  const v2 = (series: Sent[]) => write(snappy(requestV2(series)), headersV2);
  const written = (answer: { headers: Map<string, string> }) =>
    ['samples', 'histograms', 'exemplars'].map((what) =>
      answer.headers.get(`x-prometheus-remote-write-${what}-written`),
    );
  const named = (name: string, labels: object = {}, samples: Sent['samples'] = [[1, Date.now()]]): Sent => ({
    labels: { __name__: name, ...labels },
    samples,
  });
  const services = async (name: string) =>
    (
      await database.db.query<{ service: string }>('SELECT service FROM series WHERE name = $1 ORDER BY service', [
        name,
      ])
    ).map(({ service }) => service);

  it('answers 204, and the service is the label `service`, else `job`', async () => {
    const series = [
      named('mapped', { service: 'cart', job: 'pods' }),
      named('mapped', { job: 'node' }),
      named('mapped'),
    ];
    const answer = await v1(series);
    expect([answer.status, answer.text, written(answer)]).toEqual([204, '', [undefined, undefined, undefined]]);
    expect(await services('mapped')).toEqual(['cart', 'node', 'unknown']);
  });

  it('answers 2.0 with what was written; stale markers and NaN are as good as written', async () => {
    const answer = await v2([
      named('two', {}, [
        [1, Date.now()],
        [staleMarker, Date.now()],
        [NaN, Date.now()],
      ]),
    ]);
    expect([answer.status, written(answer)]).toEqual([204, ['3', '0', '0']]);
    expect(await services('two')).toEqual(['unknown']);
  });

  it('is one series, whichever version brings it', async () => {
    await v1([named('same', { a: '1', b: '2' })]);
    await v2([named('same', { b: '2', a: '1' })]);
    expect(await services('same')).toHaveLength(1);
  });

  it('takes a sender that names neither type nor encoding at 1.0, as Prometheus does', async () => {
    const response = await fetch(`${ingest.url}/api/v1/write`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ingest.secret}` },
      body: new Uint8Array(snappy(writeRequest([named('plain')]))),
    });
    expect(response.status).toBe(204);
  });

  it.each([
    [{ 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v3.Request' }, /v3/],
    [{ 'content-type': 'application/json' }, /application\/json/],
    [{ 'content-encoding': 'gzip' }, /gzip/],
  ])('answers 415 to %o', async (change, why) => {
    const answer = await write(snappy(writeRequest([])), { ...headersV1, ...change });
    expect([answer.status, answer.body.error?.code]).toEqual([415, 'MEDIA_UNSUPPORTED']);
    expect(answer.body.error?.message).toMatch(why);
  });

  it.each<[string, Uint8Array, number, RegExp]>([
    ['nothing', new Uint8Array(), 400, /empty/],
    ['no snappy', Buffer.from('nonsense'), 400, /not a snappy block/],
    ['no protobuf', snappy(Buffer.from('nonsense')), 400, /not the protobuf/],
    ['a bomb', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]), 413, /inflates to 4294967295/],
  ])('answers %s so that it is not repeated', async (_name, body, status, why) => {
    const answer = await write(body, headersV2);
    expect([answer.status, written(answer)]).toEqual([status, ['0', '0', '0']]);
    expect(answer.body.error?.message).toMatch(why);
  });

  it('keeps the good samples of a request, and answers 400 with the reason of the others', async () => {
    const answer = await v2([named('part'), named('part', { old: '1' }, [[1, 5]]), named('')]);
    expect([answer.status, written(answer)]).toEqual([400, ['1', '0', '0']]);
    expect(answer.body.error).toMatchObject({ accepted: 1, refused: { too_old: 1, empty: 1 } });
    expect(answer.body.error?.message).toMatch(
      /^refused were 2 samples, such as one of "part": timestamp 5 is more than 24 hours old/,
    );
    expect(await services('part')).toHaveLength(2);
  });

  it('does not take native histograms, and says so in header, answer and metrics', async () => {
    const answer = await v2([named('float'), { labels: { __name__: 'native' }, histograms: 2 }]);
    expect([answer.status, written(answer)]).toEqual([400, ['1', '0', '0']]);
    expect(answer.body.error).toMatchObject({ accepted: 1, refused: { native_histogram: 2 } });
    expect((await ingest.get('/metrics')).text).toMatch(/refused_samples_total\{reason="native_histogram",[^}]*\} 2/);
  });

  it('answers a recording of last year with 400, because its samples are history', async () => {
    const recorded = readFileSync(new URL('recorded/scrape.snappy', import.meta.url));
    const later = await testDatabase();
    await migrateQueue(later.url);
    await moveClock(later.db, 400 * 86_400_000);
    const then = await startTestIngest({ db: later.db, databaseUrl: later.url });
    const answer = await then.post('/api/v1/write', recorded, headersV1);
    expect([answer.status, answer.body.error?.code]).toEqual([400, 'BODY_INVALID']);
    await then.close();
    await later.close();
  });

  it('answers 429 when all that came are series beyond the limit; known ones go on', async () => {
    await v1([named('known')]);
    await v1(Array.from({ length: 100 }, (_, i) => named('flood', { i: String(i) })));
    const answer = await v1([named('one more')]);
    expect([answer.status, answer.body.error?.code]).toEqual([429, 'SERIES_LIMIT']);
    expect((await v1([named('known')])).status).toBe(204);
  });

  it('inflates no more than may be in flight, and takes the largest body when it is alone', async () => {
    const large = writeRequest([named('known')], [99, Buffer.alloc(8_000_000)]);
    const answers = await Promise.all([1, 2, 3].map(() => write(snappy(large))));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(204);
    for (const { status, headers } of answers)
      if (status !== 204) expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  });

  it('wants a token', async () => {
    expect((await write(snappy(writeRequest([])), { ...headersV1, authorization: '' })).status).toBe(401);
  });
});
