/**
 * Real executors as processes, killed at the worst moments. "Between admission and effect" is a control API that holds the request before
 * it acts; "between effect and record" is one that has acted and holds its answer.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { moveClock } from '@nightshift/db';
import { findIncident, setKillSwitch, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { eventually, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
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
    mkdtemp(join(tmpdir(), 'nightshift-test-kill-')),
  ]);
  await migrateQueue(test.url);
  await mkdir(join(folder, 'runbooks'));
  const target = (id: string) =>
    `{ id: ${id}, kind: process, urlEnv: CONTROL_URL, tokenEnv: CONTROL_TOKEN, process: ${id}, cooldownSeconds: 0, actions: [restart_service] }`;
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
const heldAt = async (when: 'before' | 'after') => {
  let release = () => {};
  api.tricks.push({ kind: 'hold', when, until: new Promise((resolve) => (release = resolve)) });
  return release;
};
const askedFor = (count: number) =>
  eventually(() => expect(api.asked.length).toBeGreaterThanOrEqual(count), { timeoutMs: 30_000 });
const verifying = (id: string) =>
  eventually(async () => expect(await findIncident(test.db, id)).toMatchObject({ state: 'verifying' }), {
    timeoutMs: 60_000,
  });
const effects = () => api.effects.map(({ process }) => process);
/** The lease of the killed one ends, and its job is owed again at once. */
const leaseEnds = () => moveClock(test.db, 70_000);

describe('kill -9', () => {
  it.each([
    ['between admission and effect', 'before'],
    ['between effect and record', 'after'],
  ] as const)('%s: the next executor finishes it, with one effect per action', async (_where, when) => {
    const release = await heldAt(when);
    const first = await startExecutor();
    const id = await open();
    await askedFor(1);
    await kill(first);
    release();
    expect(await ledger(test.db, id)).toMatchObject([{ state: 'dispatching', attempts: 1 }, { state: 'planned' }]);
    await startExecutor();
    await leaseEnds();
    await verifying(id);
    expect(effects()).toEqual(['api', 'worker']);
    expect(await ledger(test.db, id)).toMatchObject([
      { state: 'succeeded', attempts: 2 },
      { state: 'succeeded', attempts: 1 },
    ]);
    const kinds = (await timeline(test.db, id)).map((entry) => entry.event.kind);
    expect(kinds.filter((kind) => kind === 'runbook_chosen' || kind === 'remediated')).toEqual([
      'runbook_chosen',
      'remediated',
    ]);
  });

  it('of one of two: the other, alive all the time, waits for the lease and then finishes', async () => {
    const release = await heldAt('after');
    const first = await startExecutor();
    const id = await open();
    await askedFor(1);
    await startExecutor();
    await moveClock(test.db, 5_000); // offered again, with the lease still running
    await eventually(async () => {
      const [owed] = await test.db.query<{ due: boolean }>(
        `SELECT due_at > nightshift_now() + interval '10 seconds' AS due FROM outbox WHERE incident_id = $1 AND stage = 'remediate'`,
        [id],
      );
      expect(owed).toEqual({ due: true });
    });
    expect(api.asked).toHaveLength(1);
    await kill(first);
    release();
    await leaseEnds();
    await verifying(id);
    expect(effects()).toEqual(['api', 'worker']);
  });

  it('at any moment, again and again: every action once, and nothing stays under way', async () => {
    let child = await startExecutor();
    const found: string[] = [];
    for (let round = 0; round < 10; round++) {
      const id = await open();
      // Half of them die after the job was offered, half after the plan stood; then a little later each time: the moment of death.
      const [until, after] = round % 2 === 0 ? ['outbox', `stage = 'remediate' AND sends > 0`] : ['action', 'step = 1'];
      const reached = () => test.db.query(`SELECT 1 FROM ${until} WHERE incident_id = $1 AND ${after}`, [id]);
      await eventually(async () => expect(await reached()).toHaveLength(1), { everyMs: 2 });
      await new Promise((resolve) => setTimeout(resolve, 5 * round));
      await kill(child);
      found.push((await ledger(test.db, id)).map(({ state }) => state).join(' ') || 'no plan');
      child = await startExecutor();
      await moveClock(test.db, 26_000);
      await verifying(id);
      expect(await ledger(test.db, id)).toMatchObject([{ state: 'succeeded' }, { state: 'succeeded' }]);
      expect(effects()).toEqual(Array.from({ length: round + 1 }, () => ['api', 'worker']).flat());
      await moveClock(test.db, 11 * 60_000);
    }
    // Which moments the deaths hit differs with the machine; that they differ is what makes this worth running.
    expect(new Set(found).size).toBeGreaterThan(1);
  });
});

it('SIGSTOP beyond the lease: another executor acts, and the one that wakes up changes nothing', async () => {
  const release = await heldAt('after');
  const first = await startExecutor();
  const id = await open();
  await askedFor(1);
  first.kill('SIGSTOP');
  const second = await startExecutor();
  await leaseEnds();
  await verifying(id);
  const before = await timeline(test.db, id);
  release();
  first.kill('SIGCONT');
  // It has taken its answer, found itself fenced, and serves on: a new incident is handled with only it alive.
  await kill(second);
  await moveClock(test.db, 2 * 3_600_000);
  const next = await open();
  await verifying(next);
  expect(
    (await timeline(test.db, id)).filter((entry) => entry.event.kind !== 'deadline_passed').slice(0, before.length),
  ).toEqual(before);
  expect(effects()).toEqual(['api', 'worker', 'api', 'worker']);
  expect((await ledger(test.db, id)).map(({ attempts }) => attempts)).toEqual([2, 1]);
});

it('defect 43: the kill switch stops two executors at its commit, one of them in the middle of a plan, and outlives both', async () => {
  const release = await heldAt('after');
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
