/** What `tune` and `incidents export` make of incidents as they stand in the database. Uses the built files. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { now } from '@nightshift/db';
import { step } from '@nightshift/lifecycle';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { encodeBatch, seriesKey } from '@nightshift/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './folders.ts';
import { readSettings } from './settings.ts';

let database: TestDatabase;
let dir: string;
let at: number;
beforeAll(async () => {
  database = await testDatabase();
  at = await now(database.db);
  dir = mkdtempSync(join(tmpdir(), 'nightshift-tune-'));
  writeFileSync(
    join(dir, 'detection.yaml'),
    'schema: 1\ndetector: adaptive\nrules: [{ metric: "latency*", harm: up }]\ncomposite: { rule: counts }\n',
  );
});
afterAll(async () => {
  await database.close();
  rmSync(dir, { recursive: true });
});

const nightshift = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'packages/cli/dist/main.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: database.url, NIGHTSHIFT_CONFIG_DIR: dir },
  });

/** An incident with an anomaly of such a score of each metric, and 90 samples of it of which the last ten are off. */
async function incident(service: string, scores: Record<string, number>): Promise<string> {
  const id = await insertIncident(database.db, {
    service,
    state: 'escalated',
    openedAt: at - 60_000,
    onsetAt: at - 60_000,
  });
  for (const [metric, score] of Object.entries(scores)) {
    const labels = { service, note: 'a "quoted", one' };
    await database.db.query(
      `WITH s AS (INSERT INTO series (key, name, labels, service) VALUES ($1, $2, $3, $4) RETURNING id),
            p AS (INSERT INTO point (incident_id, series_id, at, value)
                  SELECT $5, s.id, ms($6::bigint - (90 - i) * 10000), CASE WHEN i > 80 THEN 900 ELSE 100 + i % 7 END FROM s, generate_series(1, 90) AS i)
       INSERT INTO anomaly (series_id, service, incident_id, started_at, last_at, value, expected, low, high, score, severity, direction)
       SELECT id, $4, $5, ms($6::bigint - 90000), ms($6::bigint), 103 + $7::float8 * 17 / 3, 103, 90, 120, $7, 'critical', 'up' FROM s`,
      [seriesKey(metric, labels), metric, labels, service, id, at, score],
    );
  }
  return id;
}

test('a sensitivity for the rule that had a part in false positives; nothing that was real is lost', async () => {
  const wrong = await incident('shop', { latency_ms: 4, queue_depth: 9 });
  await step(database.db, wrong, { kind: 'marked_false_positive', by: 'ada', reason: 'a deploy' }, { actor: 'ada' });
  const right = await incident('bank', { latency_ms: 9, queue_depth: 9 });

  const { status, stdout, stderr } = nightshift('tune');
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('2 incidents of the last 30 days, 1 of them called false positives');
  expect(stdout).toContain('rule 1, latency*: sensitivity 1 -> 0.74');
  expect(stdout).toContain(`1 would not have opened: ${wrong}`);
  const yaml = /^rules:\n(.+)$/m.exec(stdout)![0];
  writeFileSync(join(dir, 'changed.yaml'), `schema: 1\n${yaml}\n`);
  expect((await readSettings(join(dir, 'changed.yaml'))).config.rules).toMatchObject([
    { metric: 'latency*', harm: 'up', sensitivity: 0.74 },
  ]);

  const json = JSON.parse(nightshift('tune', '--json').stdout);
  expect(json).toMatchObject({
    incidents: 2,
    falsePositives: 1,
    proposals: [{ to: 0.74, prevented: [wrong] }],
    replay: null,
  });
  expect(JSON.stringify(json)).not.toContain(right);
});

test('what is recorded is replayed under the proposals', async () => {
  const rows = await database.db.query<{ id: number; metric: string }>(
    `SELECT id, name AS metric FROM series WHERE service = 'shop'`,
  );
  // An hour of both metrics, of which the last minute is far out: that stays.
  const samples = Array.from({ length: 360 }, (_, i) => rows.map(({ id }) => ({ id, i }))).flat();
  const batch = encodeBatch({
    seriesIds: Uint32Array.from(samples, ({ id }) => id),
    timestamps: Float64Array.from(samples, ({ i }) => at - (360 - i) * 10_000),
    values: Float64Array.from(samples, ({ i }) => (i >= 354 ? 900 : 100 + (i % 7))),
  });
  const packed = deflateRawSync(Buffer.from(batch, 'base64'));
  await database.db.query('INSERT INTO shard (shard) VALUES (0)');
  await database.db.query('INSERT INTO recorded_samples (shard, samples, bytes, batch) VALUES (0, $1, $2, $3)', [
    samples.length,
    packed.length,
    packed,
  ]);
  const { replay } = JSON.parse(nightshift('tune', '--json').stdout);
  expect(replay.comparison).toMatchObject({ present: 1, kept: [{ service: 'shop' }], gained: [], lost: [] });
  expect(nightshift('tune').stdout).toContain('Of the samples that are recorded:\n1 incident would have opened');
});

test('an incident becomes a file that backtest reads, its samples marked', async () => {
  const id = await incident('tills', { requests_total: 9, error_rate: 9 });
  const file = join(dir, 'night.csv');
  expect(nightshift('incidents', 'export', id, '--out', file)).toMatchObject({ status: 0, stdout: '' });
  expect(nightshift('incidents', 'export', id).stdout).toBe(readFileSync(file, 'utf8'));
  const { incidents, series } = JSON.parse(nightshift('backtest', file, '--json').stdout);
  expect(series).toMatchObject([
    {
      service: 'tills',
      rows: 90,
      dropped: 0,
      hasLabels: true,
      labels: { note: 'a "quoted", one' },
      events: { events: 1, found: 1 },
    },
    { service: 'tills', rows: 90 },
  ]);
  expect(incidents).toMatchObject([{ service: 'tills', openedAt: at - 90_000, labelled: true }]);
  expect(nightshift('incidents', 'export', 'inc_none')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('no incident inc_none') as string,
  });
});
