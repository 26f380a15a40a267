/** The whole service, over the real queue: from an owed job to an effect. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findIncident, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { startService, type Started } from '@nightshift/runtime';
import { eventually, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import type { Incident } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { startRunbookExecutor } from './service.ts';
import { startControlApi, type ControlApi } from './testing/control-api.ts';
import { openIncident } from './testing/world.ts';

let test: TestDatabase;
let api: ControlApi;
let folder: string;
let started: Started;
const runbooks = fileURLToPath(new URL('../../../infra/runbooks/', import.meta.url));
const catalogue = `
schema: 1
services:
  - name: shop
    targets: [{ id: api, kind: process, urlEnv: CONTROL_URL, tokenEnv: CONTROL_TOKEN, process: api, cooldownSeconds: 0, actions: [restart_service] }]
`;
const env = () => ({
  DATABASE_URL: test.url,
  NIGHTSHIFT_CONFIG_DIR: folder,
  NIGHTSHIFT_SECRET: 'a secret of sixteen',
  LOG_LEVEL: 'silent',
  RUNBOOKS_DIR: undefined as string | undefined,
});
const start = (more: object = {}) =>
  startService({ name: 'runbook-executor', config: Config, start: startRunbookExecutor }, { ...env(), ...more });

beforeAll(async () => {
  [test, api, folder] = await Promise.all([
    testDatabase(),
    startControlApi(),
    mkdtemp(join(tmpdir(), 'nightshift-test-executor-')),
  ]);
  await migrateQueue(test.url);
  await mkdir(join(folder, 'runbooks'));
  await cp(runbooks, join(folder, 'runbooks'), { recursive: true });
  await writeFile(join(folder, 'catalogue.yaml'), catalogue);
  Object.assign(process.env, { CONTROL_URL: api.url, CONTROL_TOKEN: api.token });
  started = await start();
});
afterAll(async () => {
  await started?.close();
  await api.close();
  await test.close();
  await rm(folder, { recursive: true, force: true });
});
/** Nobody answered the probe of it. */
const owed: typeof insertOwed = async (sql, id, ...more) => {
  await sql.query(
    `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
     VALUES ($1, 1, 'http_probe', 'http', 'down', '{}', '', nightshift_now(), 1)`,
    [id],
  );
  await insertOwed(sql, id, ...more);
};
const open = (given: Partial<Incident> = {}) => openIncident({ insertIncident, insertOwed: owed }, test.db, given);
const ends = (id: string, state: string) =>
  eventually(async () => expect(await findIncident(test.db, id)).toMatchObject({ state }), { timeoutMs: 15_000 });

describe('the service', { timeout: 60_000 }, () => {
  it('turns an owed job into one effect, and counts it', async () => {
    const id = await open();
    await ends(id, 'verifying');
    expect(api.effects).toMatchObject([{ process: 'api', verb: 'restart' }]);
    await eventually(async () =>
      expect(
        await test.db.query('SELECT done_at IS NOT NULL AS done FROM outbox WHERE incident_id = $1 AND stage = $2', [
          id,
          'remediate',
        ]),
      ).toEqual([{ done: true }]),
    );
    const metrics = await (await fetch(`http://127.0.0.1:${started.port}/metrics`)).text();
    expect(metrics).toContain(
      'nightshift_actions_total{type="restart_service",outcome="succeeded",reason="",service="runbook-executor"} 1',
    );
  });

  it('keeps the last good runbook when one is broken, and takes up a new one beside it', async () => {
    await writeFile(
      join(folder, 'runbooks', 'restart-crashed-service.yaml'),
      'schema: 1\nid: restart-crashed-service\nsteps: nonsense\n',
    );
    const fresh =
      'schema: 1\nid: slow\ntitle: t\nmatch: { type: high_latency }\nsteps: [{ action: restart_service }]\n';
    await writeFile(join(folder, 'runbooks', 'zz-slow.yaml'), fresh);
    const observed = async () => {
      const id = await open({ type: 'high_latency' });
      await ends(id, 'escalated');
      const events = (await timeline(test.db, id)).map((entry) => entry.event);
      expect(events.at(-1)).toMatchObject({ kind: 'remedy_failed', outcome: 'observed' });
    };
    await eventually(observed, { timeoutMs: 30_000 });
    // The new file came last in the folder, so the broken one has been looked at too.
    await ends(await open(), 'verifying');
    expect(api.effects).toHaveLength(2);
  });

  it('refuses to start without its folder or with a broken catalogue, and says where', async () => {
    await expect(start({ RUNBOOKS_DIR: '/nowhere' })).rejects.toThrow('/nowhere cannot be read (RUNBOOKS_DIR)');
    const broken = await mkdtemp(join(tmpdir(), 'nightshift-test-broken-'));
    await mkdir(join(broken, 'runbooks'));
    await writeFile(join(broken, 'catalogue.yaml'), catalogue.replace('id: api', 'id: "*"'));
    await expect(start({ NIGHTSHIFT_CONFIG_DIR: broken })).rejects.toThrow(
      /catalogue\.yaml:5:\d+ services\[0\]\.targets\[0\]\.id: must name exactly one thing/,
    );
    await rm(broken, { recursive: true, force: true });
  });
});
