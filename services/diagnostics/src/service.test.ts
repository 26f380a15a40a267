import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { raise, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { startService, type Started } from '@nightshift/runtime';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Config } from './config.ts';
import { startDiagnostics } from './service.ts';

const spec = { name: 'diagnostics', config: Config, start: startDiagnostics } as const;
let test: TestDatabase;
let dir: string;
let started: Started;
const env = () => ({
  DATABASE_URL: test.url,
  NIGHTSHIFT_CONFIG_DIR: dir,
  NIGHTSHIFT_SECRET: 'a secret of the test, long enough',
  LOG_LEVEL: 'silent',
});
const catalogue = (...ids: string[]) =>
  writeFile(
    join(dir, 'catalogue.yaml'),
    JSON.stringify({
      schema: 1,
      services: [{ name: 'shop-api', targets: ids.map((id) => ({ id, kind: 'postgres', urlEnv: 'SHOP_DB_URL' })) }],
    }),
  );

beforeAll(async () => {
  [test, dir] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'nightshift-diagnostics-'))]);
  vi.stubEnv('SHOP_DB_URL', test.url);
  await Promise.all([migrateQueue(test.url), catalogue('shop-db')]);
  started = await startService(spec, env());
});
afterAll(async () => {
  await started.close();
  vi.unstubAllEnvs();
  await test.close();
  await rm(dir, { recursive: true });
});

/** Opens an incident as a detector would, and waits until it was diagnosed. */
async function diagnosed(service: string) {
  const alarm = {
    service,
    type: 'unknown',
    severity: 'critical',
    title: 'x',
    onsetAt: Date.now(),
    reason: 'r',
    anomalies: [],
  } as const;
  const { incidentId } = await test.db.tx((tx) => raise(tx, { ...alarm, anomalies: [] }, 'detector'));
  return eventually(async () => {
    const event = (await timeline(test.db, incidentId)).find((entry) => entry.event.kind === 'diagnosed')?.event;
    if (event?.kind !== 'diagnosed') throw new Error('not diagnosed yet');
    return event.results.map(({ check, target, status }) => `${check} ${target} ${status}`);
  });
}

describe('the service', () => {
  it('diagnoses an incident that opens, through the real queue, and counts it', async () => {
    expect(await diagnosed('shop-api')).toEqual([
      'recent_deployments shop-api ok',
      'recent_changes shop-api ok',
      'dependency_health shop-api ok',
      'similar_incidents shop-api ok',
      'database_connections shop-db ok',
      'database_locks shop-db ok',
      'database_replication shop-db ok',
      'database_size shop-db ok',
    ]);
    const metrics = await (await fetch(`http://127.0.0.1:${started.port}/metrics`)).text();
    expect(metrics).toMatch(
      /nightshift_check_duration_seconds_count\{.*check="database_connections".*status="ok".*\} 1/,
    );
  });

  it('takes an edit of the catalogue while it runs', async () => {
    await catalogue('shop-db', 'shop-db-2');
    await eventually(async () => {
      await test.db.query(`UPDATE incident SET state = 'closed', deadline_at = NULL WHERE service = 'shop-api'`);
      expect(await diagnosed('shop-api')).toContain('database_size shop-db-2 ok');
    });
  });

  it('refuses to start with a catalogue that never was good, naming file, line and field', async () => {
    await writeFile(join(dir, 'catalogue.yaml'), 'schema: 1\nservices:\n  - name: "*"\n');
    await expect(startDiagnosticsAgain()).rejects.toMatchObject({
      code: 'FILE_INVALID',
      message: expect.stringMatching(
        /catalogue\.yaml:3:\d+ services\[0\]\.name: must name exactly one thing/,
      ) as string,
    });
  });
});

/** Only the service's own part: what the runtime opened around it would stay open. */
async function startDiagnosticsAgain() {
  return startDiagnostics(Config.parse({ CHECK_DEADLINE_MS: 1_000 }), {
    db: test.db,
    log: pino({ level: 'silent' }),
    common: { NIGHTSHIFT_CONFIG_DIR: dir },
    metrics: { registry: new Registry() },
  } as never);
}
