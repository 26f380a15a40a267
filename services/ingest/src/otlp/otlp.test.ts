import { gzipSync } from 'node:zlib';
import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { decodeBatch, inputLimits } from '@nightshift/types';
import { diag, DiagLogLevel, metrics as api } from '@opentelemetry/api';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  AggregationType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { documented } from '../docs.fixture.ts';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';
import { message } from '../wire/protobuf.fixture.ts';

const log = { info() {}, warn() {}, error() {} };

describe('POST /v1/metrics', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  let queue: Queue;
  const values = new Map<number, number>();
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
    queue = connectQueue({ url: database.url, log, name: 'test' });
    for (let shard = 0; shard < 4; shard++) {
      const take = async ({ batch }: { batch: string }) => {
        const { seriesIds, values: got } = decodeBatch(batch);
        seriesIds.forEach((id, i) => values.set(id, got[i]!));
      };
      queue.consume('samples', take, { shard });
    }
  });
  afterAll(async () => {
    api.disable();
    await queue.close();
    await ingest.close();
    await database.close();
  });

  /** The series of a service and what came last of each: `name{label=value}` -> value. */
  const arrived = async (service: string) => {
    const rows = await database.db.query<{ id: number; name: string; labels: Record<string, string> }>(
      'SELECT id, name, labels FROM series WHERE service = $1 ORDER BY id',
      [service],
    );
    const shown = rows.map(({ id, name, labels: { service: _, 'host.name': _host, ...labels } }) => [
      `${name}{${Object.entries(labels)
        .map(([label, value]) => `${label}=${value}`)
        .join(',')}}`,
      values.get(id),
    ]);
    return Object.fromEntries(shown) as Record<string, number | undefined>;
  };

  describe.each([
    ['protobuf', ProtobufExporter, 'none'],
    ['protobuf in gzip', ProtobufExporter, 'gzip'],
    ['JSON', JsonExporter, 'none'],
    ['JSON in gzip', JsonExporter, 'gzip'],
  ] as const)('takes what the OpenTelemetry SDK exports as %s', (format, Exporter, compression) => {
    const service = `checkout ${format}`;

    it.each(['cumulative', 'delta'] as const)('with %s sums', async (temporality) => {
      const name = `${service} ${temporality}`;
      const delta = temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
      const exporter = new Exporter({
        url: `${ingest.url}/v1/metrics`,
        headers: { authorization: `Bearer ${ingest.secret}` },
        compression: compression as never,
        temporalityPreference: delta as never,
      });
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
      const provider = new MeterProvider({
        readers: [reader],
        resource: resourceFromAttributes({
          'service.name': name,
          'host.name': 'h1',
          'service.version': '7',
          'process.pid': 1,
        }),
      });
      const meter = provider.getMeter('test');
      const begun = Date.now();
      meter.createCounter('orders').add(5, { region: 'eu' });
      meter.createUpDownCounter('open.carts').add(-2);
      meter.createGauge('temperature').record(36.6, { sensor: 1, hot: true });
      const histogram = meter.createHistogram('latency', { advice: { explicitBucketBoundaries: [10, 100] } });
      for (const ms of [5, 50, 500]) histogram.record(ms);
      // The SDK counts in whole milliseconds, and a delta must take some.
      await eventually(() => expect(Date.now()).toBeGreaterThan(begun + 5));
      await provider.forceFlush();
      await provider.shutdown();

      await eventually(async () => {
        const got = await arrived(name);
        expect(got['temperature{hot=true,sensor=1}']).toBe(36.6);
        expect(got['open.carts{}']).toBe(-2);
        if (temporality === 'cumulative') {
          expect(got).toMatchObject({
            'orders_total{region=eu}': 5,
            'latency_count{}': 3,
            'latency_sum{}': 555,
            'latency_bucket{le=10}': 1,
            'latency_bucket{le=100}': 2,
            'latency_bucket{le=+Inf}': 3,
          });
        } else {
          expect(got['orders_per_second{region=eu}']).toBeGreaterThan(0);
          expect(got['latency_sum_per_second{}']! / got['latency_count_per_second{}']!).toBeCloseTo(185, 6);
        }
      });
    });
  });

  it.each([
    ['protobuf', ProtobufExporter],
    ['JSON', JsonExporter],
  ] as const)(
    'counts and refuses exponential histograms of the SDK in %s, and takes the rest',
    async (format, Exporter) => {
      const told: string[] = [];
      const say = (...words: unknown[]) => void told.push(words.map(String).join(' '));
      diag.setLogger({ error: say, warn: say, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);
      const before = await refusedHistograms();
      const service = `exponential ${format}`;
      const reader = new PeriodicExportingMetricReader({
        exporter: new Exporter({
          url: `${ingest.url}/v1/metrics`,
          headers: { authorization: `Bearer ${ingest.secret}` },
        }),
        exportIntervalMillis: 3_600_000,
      });
      const provider = new MeterProvider({
        readers: [reader],
        views: [{ instrumentName: 'latency', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
        resource: resourceFromAttributes({ 'service.name': service }),
      });
      const meter = provider.getMeter('test');
      for (const zone of ['a', 'b']) meter.createHistogram('latency').record(5, { zone });
      meter.createGauge('load').record(7);
      await provider.shutdown();
      diag.disable();
      await eventually(async () => expect(await arrived(service)).toEqual({ 'load{}': 7 }));
      expect((await refusedHistograms()) - before).toBe(2);
      // The SDK tells its user of a partial success.
      if (format === 'JSON')
        expect(told.join()).toMatch(/exponential histograms are not supported: send explicit buckets/);
    },
  );

  const refusedHistograms = async () =>
    Number(
      /refused_samples_total\{reason="native_histogram",[^}]*\} (\d+)/.exec((await ingest.get('/metrics')).text)?.[1] ??
        0,
    );

  it('takes what an SDK sends that is told where to by the environment alone', async () => {
    for (const [, name, value] of documented('OpenTelemetry', ingest).matchAll(/^export (\w+)=(.*)$/gm)) {
      vi.stubEnv(name!, value);
    }
    const reader = new PeriodicExportingMetricReader({
      exporter: new ProtobufExporter(),
      exportIntervalMillis: 3_600_000,
    });
    const resource = resourceFromAttributes({ 'service.name': 'by environment' });
    const provider = new MeterProvider({ readers: [reader], resource });
    provider.getMeter('test').createGauge('load').record(7);
    await provider.shutdown();
    vi.unstubAllEnvs();
    await eventually(async () => expect(await arrived('by environment')).toEqual({ 'load{}': 7 }));
  });

  const nano = (ms = Date.now()) => `${ms}000000`;
  const gauge = (name: string, point: object = {}) => ({
    name,
    gauge: { dataPoints: [{ timeUnixNano: nano(), asDouble: 1, ...point }] },
  });
  const body = (...metrics: object[]) => ({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'json' } }] },
        scopeMetrics: [{ metrics }],
      },
    ],
  });
  const post = (given: object) => ingest.post('/v1/metrics', given);

  it('reads JSON as people write it: numbers as text or numbers, absent ones as 0', async () => {
    const answer = await post(
      body(
        gauge('as.text', { asDouble: undefined, asInt: '-7' }),
        gauge('as.number', { asDouble: undefined, asInt: 8, timeUnixNano: Date.now() * 1e6 }),
        {
          name: 's',
          summary: {
            dataPoints: [{ timeUnixNano: nano(), count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] }],
          },
        },
      ),
    );
    expect([answer.status, answer.text]).toEqual([200, '{}']);
    await eventually(async () =>
      expect(await arrived('json')).toMatchObject({
        'as.text{}': -7,
        'as.number{}': 8,
        's_count{}': 2,
        's{quantile=0.5}': 1,
      }),
    );
  });

  it('takes the good points and says how many it did not take, in the format of the request', async () => {
    const at = nano();
    const json = await post(
      body(
        gauge('fine'),
        gauge('old', { timeUnixNano: '5000000' }),
        { name: 'what', sum: { aggregationTemporality: 0, dataPoints: [{ timeUnixNano: at, asInt: 1 }] } },
        { name: 'since', sum: { aggregationTemporality: 1, dataPoints: [{ timeUnixNano: at, asInt: 1 }] } },
        {
          name: 'odd',
          histogram: {
            aggregationTemporality: 2,
            dataPoints: [{ timeUnixNano: at, count: 3, bucketCounts: ['1', '2'], explicitBounds: [1, 2, 3] }],
          },
        },
      ),
    );
    expect(json.status).toBe(200);
    expect(JSON.parse(json.text)).toEqual({
      partialSuccess: { rejectedDataPoints: '4', errorMessage: expect.stringMatching(/"old": timestamp/) as string },
    });
    expect(Object.keys(await arrived('json'))).toContain('fine{}');

    const point = message([3, { fixed64: 5_000_000n }], [4, { double: 1 }]);
    const metric = message([1, 'old'], [5, message([1, point])]);
    const request = message([1, message([2, message([2, metric])])]);
    const response = await fetch(`${ingest.url}/v1/metrics`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ingest.secret}`, 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(request),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-protobuf']);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(bytes.subarray(2, 4)).toEqual(Buffer.of(0x08, 1)); // partial_success.rejected_data_points = 1
    expect(bytes.toString()).toContain('"old": timestamp');
  });

  it('knows a point that is over from one that has a value', async () => {
    await post(body(gauge('ended', { flags: 1, asDouble: undefined })));
    expect((await ingest.get('/metrics')).text).toMatch(/refused_samples_total\{reason="stale_marker",/);
    expect(Object.keys(await arrived('json'))).not.toContain('ended{}');
  });

  it.each<[string, unknown, Record<string, string>, number, RegExp]>([
    ['a list', [], {}, 400, /the body must be an object/],
    ['text for a list', { resourceMetrics: 'x' }, {}, 400, /resourceMetrics must be a list/],
    ['no JSON', '{', {}, 400, /not JSON/],
    ['another type', '{}', { 'content-type': 'text/plain' }, 415, /text\/plain/],
    ['another encoding', '{}', { 'content-encoding': 'zstd' }, 415, /zstd/],
    ['no gzip', '{}', { 'content-encoding': 'gzip' }, 400, /not gzip/],
    [
      'a bomb',
      gzipSync(Buffer.alloc(inputLimits.bodyBytes + 1, ' ')),
      { 'content-encoding': 'gzip' },
      413,
      /inflates to more/,
    ],
    ['a wrong token', '{}', { authorization: 'Bearer x' }, 401, /AUTH_INVALID/],
  ])('answers %s with a google.rpc.Status', async (_name, given, headers, status, why) => {
    const answer = await ingest.post('/v1/metrics', given, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(
      headers['content-type'] ? /^application\/x-protobuf/ : /^application\/json/,
    );
    expect(answer.text).toMatch(why);
    if (!headers['content-type']) expect(JSON.parse(answer.text)).toMatchObject({ code: status === 401 ? 16 : 3 });
  });

  it('does not take more points, buckets or series than fit', async () => {
    const dataPoints = Array.from({ length: inputLimits.samplesPerRequest + 1 }, () => ({
      timeUnixNano: nano(),
      asInt: 1,
    }));
    expect((await post(body({ name: 'many', gauge: { dataPoints } }))).status).toBe(413);
  });
});
