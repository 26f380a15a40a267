import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let shop: Ground;
let processes: ChildProcess[] = [];
beforeEach(async () => {
  shop = await ground(await testDatabase());
});
afterEach(async () => {
  for (const each of processes) {
    if (each.exitCode !== null || each.signalCode !== null) continue;
    each.kill('SIGKILL');
    await once(each, 'exit');
  }
  processes = [];
  await shop.close();
});

/** A detector as it runs in production: a process of its own. Resolves once it is a member. */
async function start(): Promise<{ process: ChildProcess; id: string }> {
  const before = new Set((await members()).map((member) => member.id));
  const child = spawn(process.execPath, [main], { env: { PATH: process.env['PATH'], ...shop.env }, stdio: 'inherit' });
  processes.push(child);
  const id = await eventually(
    async () => {
      const joined = (await members()).find((member) => !before.has(member.id));
      expect(joined, 'dist/main.js must be built and start').toBeDefined();
      return joined!.id;
    },
    { timeoutMs: 30_000 },
  );
  return { process: child, id };
}
const members = () => shop.db.query<{ id: string }>('SELECT id FROM member');
const owners = async () =>
  (await shop.db.query<{ owner: string }>('SELECT owner FROM shard ORDER BY shard')).map((row) => row.owner);
const opened = (service: string) => shop.db.query('SELECT id FROM incident WHERE service = $1', [service]);

/** Two detectors that own a shard each, and a service with a warm series on each. */
async function shared() {
  const [first, second] = [await start(), await start()];
  await eventually(async () => expect(new Set(await owners())).toEqual(new Set([first.id, second.id])), {
    timeoutMs: 12_000,
  });
  const ids = await Promise.all([shop.series('shop', 'latency_ms', 0), shop.series('shop', 'error_rate', 1)]);
  const sentAt = await shop.now();
  await shop.warm(ids);
  await eventually(async () => {
    expect(await shop.drained()).toBe(true);
    const saved = await shop.db.query('SELECT 1 FROM shard WHERE state_at > ms($1)', [sentAt + 1_000]);
    expect(saved).toHaveLength(2);
  });
  return { first, second, ids };
}
/** Sick samples of both shards open exactly one incident, within the promised 12 s, whoever is left to judge them. */
async function expectIncidentWithin12s(ids: number[]) {
  const at = await shop.now();
  await shop.send(ids.map((id) => ({ id, at, value: 900 })));
  await eventually(async () => expect(await opened('shop')).toHaveLength(1), { timeoutMs: 12_000 });
}

describe('of two detectors', () => {
  test('one is killed: the other has its shards, and what it had learned, within 12 s', async () => {
    const { first, second, ids } = await shared();
    first.process.kill('SIGKILL');
    const killedAt = performance.now();
    await expectIncidentWithin12s(ids);
    expect(await owners()).toEqual([second.id, second.id]);
    console.log(`take-over after kill -9, until the incident was open: ${Math.round(performance.now() - killedAt)} ms`);
  });

  test("one is told to stop: its shards are the other one's within 3 s", async () => {
    const { first, second, ids } = await shared();
    first.process.kill('SIGTERM');
    const stoppedAt = performance.now();
    await eventually(async () => expect(await owners()).toEqual([second.id, second.id]), { timeoutMs: 3_000 });
    console.log(`take-over after SIGTERM: ${Math.round(performance.now() - stoppedAt)} ms`);
    await expectIncidentWithin12s(ids);
    if (first.process.exitCode === null) await once(first.process, 'exit');
    expect(first.process.exitCode).toBe(0);
  });

  test('one is stopped and wakes up later: it has lost its shards, and joins anew without harm', async () => {
    const { first, second, ids } = await shared();
    first.process.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await expectIncidentWithin12s(ids);
    expect(await owners()).toEqual([second.id, second.id]);
    console.log(
      `take-over after SIGSTOP, until the incident was open: ${Math.round(performance.now() - stoppedAt)} ms`,
    );
    first.process.kill('SIGCONT');
    await eventually(async () => expect(new Set(await owners())).toEqual(new Set([first.id, second.id])), {
      timeoutMs: 15_000,
    });
    const at = await shop.now();
    await shop.send(ids.map((id) => ({ id, at, value: 950 })));
    await eventually(async () => expect(await shop.drained()).toBe(true), { timeoutMs: 15_000 });
    expect(await opened('shop')).toHaveLength(1);
    expect(await shop.db.query('SELECT 1 FROM anomaly')).toHaveLength(2);
  });
});
