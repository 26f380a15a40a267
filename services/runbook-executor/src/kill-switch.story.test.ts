/** Real executors as processes, and the switch that stops them all. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findIncident, setKillSwitch } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { eventually, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startControlApi, type ControlApi } from './testing/control-api.ts';
import { ledger, openIncident } from './testing/world.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const children: ChildProcess[] = [];
let test: TestDatabase;
let api: ControlApi;
let folder: string;

beforeAll(async () => {
  // Processes run what is built, on plain node.
  await promisify(execFile)('npx', ['tsc', '-b', 'services/runbook-executor'], { cwd: root });
});
beforeEach(async () => {
  [test, api, folder] = await Promise.all([
    testDatabase(),
    startControlApi(),
    mkdtemp(join(tmpdir(), 'nightshift-test-switch-')),
  ]);
  await migrateQueue(test.url);
  await mkdir(join(folder, 'runbooks'));
  const target = (id: string) =>
    `{ id: ${id}, kind: process, urlEnv: CONTROL_URL, tokenEnv: CONTROL_TOKEN, process: ${id}, actions: [restart_service] }`;
  await writeFile(
    join(folder, 'catalogue.yaml'),
    `schema: 1\nservices:\n  - name: shop\n    targets: [${target('api')}, ${target('worker')}]\n`,
  );
  const steps =
    '[{ action: restart_service, target: api, timeoutMs: 20000 }, { action: restart_service, target: worker }]';
  await writeFile(
    join(folder, 'runbooks', 'r.yaml'),
    `schema: 1\nid: r\ntitle: t\nmode: auto\nmatch: { type: service_down }\nsteps: ${steps}\n`,
  );
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await api.close();
  await test.close();
  await rm(folder, { recursive: true, force: true });
});
afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

async function startExecutor(): Promise<ChildProcess> {
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: test.url,
    NIGHTSHIFT_CONFIG_DIR: folder,
    NIGHTSHIFT_SECRET: 'a secret of the test, long enough',
    CONTROL_URL: api.url,
    CONTROL_TOKEN: api.token,
    PORT: '0',
  };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let words = '';
  child.stdout!.on('data', (chunk: Buffer) => (words += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (words += chunk.toString()));
  await eventually(
    () => {
      if (child.exitCode !== null) throw new Error(`the executor ended with ${child.exitCode}: ${words}`);
      expect(words).toContain('"msg":"listening"');
    },
    { timeoutMs: 30_000 },
  );
  return child;
}

async function kill(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const open = () => openIncident({ insertIncident, insertOwed }, test.db);
/** The next answer is held after its effect, until it is released. */
const held = () => {
  let release = () => {};
  api.tricks.push({ kind: 'hold', when: 'after', until: new Promise((resolve) => (release = resolve)) });
  return () => release();
};
const askedFor = (count: number) =>
  eventually(() => expect(api.asked.length).toBeGreaterThanOrEqual(count), { timeoutMs: 30_000 });
const verifying = (id: string) =>
  eventually(async () => expect(await findIncident(test.db, id)).toMatchObject({ state: 'verifying' }), {
    timeoutMs: 60_000,
  });
const effects = () => api.effects.map(({ process }) => process);
it('defect 43: the kill switch stops two executors at its commit, one of them in the middle of a plan, and outlives both', async () => {
  const release = held();
  const both = [await startExecutor(), await startExecutor()];
  const midway = await open();
  await askedFor(1);
  await setKillSwitch(test.db, true, 'ada', 'odd');
  release();
  const escalated = (id: string) =>
    eventually(async () => expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' }));
  await escalated(midway);
  const next = await Promise.all([open(), open(), open()]);
  await Promise.all(next.map(escalated));
  await Promise.all(both.map(kill));
  await Promise.all([startExecutor(), startExecutor()]);
  const later = await open();
  await escalated(later);
  expect(effects()).toEqual(['api']);
  expect((await ledger(test.db, midway)).map(({ state }) => state)).toEqual(['succeeded', 'denied']);
  for (const id of [...next, later]) expect((await ledger(test.db, id))[0]).toMatchObject({ state: 'denied' });
  await setKillSwitch(test.db, false, 'ada', 'looked');
  await verifying(await open());
  expect(effects()).toEqual(['api', 'api', 'worker']);
});
