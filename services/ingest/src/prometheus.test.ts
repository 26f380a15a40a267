import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { eventually, prometheusAvailable, startPrometheus, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { decodeBatch } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documented } from './docs.fixture.ts';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';

const log = { info() {}, warn() {}, error() {} };

describe('a real Prometheus that writes here', () => {
  if (!prometheusAvailable()) {
    return it('not run', (test) => test.skip('prometheus and prometheus-node-exporter are not on this machine'));
  }
  let database: TestDatabase;
  let ingest: TestIngest;
  let queue: Queue;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
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
    // Its types of metrics come once a minute, unless it is told otherwise.
    prometheus = await startPrometheus(`${documented('Prometheus', ingest)}    metadata_config: {send_interval: 1s}\n`);
  });
  afterAll(async () => {
    await prometheus?.close();
    await ingest.close();
    await queue.close();
    await database.close();
  });

  const find = (name: string, job: string) =>
    database.db.query<{ id: number; service: string; labels: Record<string, string> }>(
      `SELECT id, service, labels FROM series WHERE name = $1 AND labels->>'job' = $2`,
      [name, job],
    );

  it(
    'brings gauges, counters and the buckets of classic histograms, under the name of its job',
    { timeout: 60_000 },
    async () => {
      await eventually(
        async () => {
          const [load] = await find('node_load1', 'node');
          expect(load).toMatchObject({
            service: 'node',
            labels: { instance: expect.stringMatching(/^127/) as string },
          });
          expect(values.get(load!.id)).toBeGreaterThanOrEqual(0);
          expect((await find('node_cpu_seconds_total', 'node')).length).toBeGreaterThan(4);
          const buckets = await find('prometheus_http_request_duration_seconds_bucket', 'prometheus');
          expect(buckets.map(({ labels }) => labels['le'])).toContain('+Inf');
        },
        { timeoutMs: 40_000 },
      );
    },
  );

  it('brings what its metrics are, in requests without a sample', async () => {
    const kindOf = (metric: string) => database.db.query('SELECT kind FROM metric_kind WHERE metric = $1', [metric]);
    await eventually(async () => {
      expect(await kindOf('node_load1')).toEqual([{ kind: 'gauge' }]);
      expect(await kindOf('node_cpu_seconds_total')).toEqual([{ kind: 'counter' }]);
    });
    expect(await prometheus.metric('prometheus_remote_storage_metadata_failed_total')).toBe(0);
  });

  it('has nothing refused, nothing failed, nothing repeated', async () => {
    await eventually(async () => {
      expect(await prometheus.metric('prometheus_remote_storage_samples_total')).toBeGreaterThan(1_000);
    });
    expect(await prometheus.metric('prometheus_remote_storage_samples_failed_total')).toBe(0);
    expect(await prometheus.metric('prometheus_remote_storage_samples_dropped_total')).toBe(0);
    expect(await prometheus.metric('prometheus_remote_storage_samples_retried_total')).toBe(0);
    expect(prometheus.log()).not.toMatch(/level=(warn|error)/);
  });

  it('and says that a series is over when its exporter has gone', { timeout: 60_000 }, async () => {
    const stale = async () =>
      Number(
        /refused_samples_total\{reason="stale_marker",[^}]*\} (\d+)/.exec((await ingest.get('/metrics')).text)?.[1],
      );
    await prometheus.stopExporter();
    await eventually(async () => expect(await stale()).toBeGreaterThan(100), { timeoutMs: 30_000 });
    const [up] = await find('up', 'node');
    await eventually(() => expect(values.get(up!.id)).toBe(0));
    expect(await prometheus.metric('prometheus_remote_storage_samples_failed_total')).toBe(0);
  });
});

describe('a real Prometheus that takes Nightshift for its Alertmanager', () => {
  if (!prometheusAvailable()) {
    return it('not run', (test) => test.skip('prometheus and prometheus-node-exporter are not on this machine'));
  }
  let database: TestDatabase;
  let ingest: TestIngest;
  let prometheus: Awaited<ReturnType<typeof startPrometheus>>;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
    const rule =
      '{alert: ExporterDown, expr: up == 0, for: 1s, labels: {severity: critical}, annotations: {summary: gone}}';
    prometheus = await startPrometheus(`rule_files: [rules.yml]\n${documented('Alerts of Prometheus', ingest)}`, {
      'rules.yml': `groups: [{name: g, rules: [${rule}]}]`,
    });
  });
  afterAll(async () => {
    await prometheus?.close();
    await ingest.close();
    await database.close();
  });

  it('opens the incident of a job whose exporter is killed', { timeout: 60_000 }, async () => {
    // With the series of both jobs it knows that the exporter was up.
    await eventually(async () => expect(await prometheus.metric('prometheus_tsdb_head_series')).toBeGreaterThan(700));
    await prometheus.stopExporter();
    await eventually(
      async () =>
        expect(await database.db.query('SELECT service, title, type, severity FROM incident')).toEqual([
          { service: 'node', title: 'node: ExporterDown', type: 'service_down', severity: 'critical' },
        ]),
      { timeoutMs: 30_000 },
    );
    expect(await prometheus.metric('prometheus_notifications_errors_total')).toBe(0);
  });
});
