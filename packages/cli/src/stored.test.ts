/** From samples on the queue, through the real detector and Postgres, to what `backtest --stored` says. Uses the built files. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { now } from '@nightshift/db';
import { connectQueue, migrateQueue } from '@nightshift/queue';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { encodeBatch, seriesKey } from '@nightshift/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './folders.ts';

let database: TestDatabase;
let dir: string;
beforeAll(async () => {
  database = await testDatabase();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-stored-'));
  writeFileSync(join(dir, 'detection.yaml'), 'schema: 1\ndetector: adaptive\n');
  writeFileSync(
    join(dir, 'changed.yaml'),
    'schema: 1\ndetector: adaptive\nrules: [{ metric: latency_ms, judge: false }]\n',
  );
  await migrateQueue(database.url);
});
afterAll(async () => {
  await database.close();
  rmSync(dir, { recursive: true });
});

const env = () => ({
  ...process.env,
  DATABASE_URL: database.url,
  QUEUE_URL: database.url,
  NIGHTSHIFT_SECRET: 'a secret of the tests',
  NIGHTSHIFT_CONFIG_DIR: dir,
});
const backtest = (...args: string[]) =>
  spawnSync(process.execPath, [join(root, 'packages/cli/dist/main.js'), 'backtest', ...args], {
    encoding: 'utf8',
    env: env(),
  });

async function series(service: string, name: string): Promise<number> {
  const labels = { service };
  const rows = await database.db.query<{ id: number }>(
    'INSERT INTO series (key, name, labels, service) VALUES ($1, $2, $3, $4) RETURNING id',
    [seriesKey(name, labels), name, labels, service],
  );
  return rows[0]!.id;
}

/** An hour of samples every ten seconds, of which the last minute is off in both metrics of the shop. */
async function judge(): Promise<void> {
  const ids = [await series('shop', 'latency_ms'), await series('shop', 'error_rate'), await series('bank', 'balance')];
  const end = await now(database.db);
  const queue = connectQueue({ url: database.url, name: 'test', log: { info() {}, warn() {}, error() {} } });
  const detector = spawn(process.execPath, [join(root, 'services/detector/dist/main.js')], {
    env: { ...env(), SHARD_COUNT: '1', LOG_LEVEL: 'silent' },
    stdio: 'ignore',
  });
  for (let from = 0; from < 360; from += 36) {
    const rows = Array.from({ length: 36 }, (_, i) => from + i).flatMap((i) =>
      ids.map((id, s) => ({ id, at: end - (360 - i) * 10_000, value: i >= 354 && s < 2 ? 900 : 100 + (i % 7) })),
    );
    const batch = encodeBatch({
      seriesIds: Uint32Array.from(rows, (row) => row.id),
      timestamps: Float64Array.from(rows, (row) => row.at),
      values: Float64Array.from(rows, (row) => row.value),
    });
    await queue.send('samples', { v: 1, shard: 0, batch }, { id: `batch-${from}`, shard: 0 });
  }
  await eventually(
    async () => {
      const { waiting, active, delayed } = await queue.depth('samples', 0);
      expect(waiting + active + delayed).toBe(0);
    },
    { timeoutMs: 30_000 },
  );
  detector.kill('SIGTERM');
  await once(detector, 'exit');
  await queue.close();
}

test(
  'what was recorded is replayed: incidents gained and lost against the present settings',
  { timeout: 60_000 },
  async () => {
    await judge();
    const present = backtest('--stored', '--json');
    expect(present.status, present.stderr).toBe(0);
    const { rows, series: found, incidents } = JSON.parse(present.stdout);
    expect(rows).toBe(360 * 3);
    expect(
      found.map((each: { service: string; metric: string; rows: number }) => [each.service, each.metric, each.rows]),
    ).toEqual(
      expect.arrayContaining([
        ['shop', 'latency_ms', 360],
        ['shop', 'error_rate', 360],
        ['bank', 'balance', 360],
      ]),
    );
    expect(incidents).toMatchObject([{ service: 'shop', type: 'high_error_rate' }]);

    const changed = backtest('--stored', '--service', 'shop', '--since', '1h', '--rules', join(dir, 'changed.yaml'));
    expect(changed.stdout).toContain('under the present settings 1: 0 kept, 0 gained, 1 lost');
    expect(changed.stdout).toMatch(/lost .* shop {2}high_error_rate/);
    expect(changed.stdout).not.toContain('bank');

    const none = backtest('--stored', '--service', 'nobody');
    expect(none).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining('no samples are stored') as string,
    });
  },
);

test('a folder, or what is stored; not both, not neither', () => {
  for (const args of [[], ['--stored', dir], ['--stored', '--scores', dir]])
    expect(backtest(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('or --stored') as string });
  expect(backtest('--stored', '--since', 'yesterday')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('such as 6h') as string,
  });
});
