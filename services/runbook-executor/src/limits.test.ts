/** Every limit against eight executors at once: what is sent never exceeds it, whatever they try. */
import { moveClock } from '@nightshift/db';
import { setKillSwitch } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { ActionType, actionLimits, type PlannedAction } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countingProvider, intend, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type ServiceInput, type World } from './testing/world.ts';

const executors = 8;
const rounds = 4;
const stormTimeoutMs = 90_000;

let test: TestDatabase;
let provider: Counting;
let world: World;
beforeAll(async () => (test = await testDatabase({ max: 24 })));
afterAll(() => test.close());

const services: ServiceInput[] = Array.from({ length: 40 }, (_, s) => ({
  name: `service-${s}`,
  targets: Array.from({ length: 12 }, (_unused, t) => ({
    id: `s${s}-t${t}`,
    kind: 'process' as const,
    urlEnv: 'URL',
    tokenEnv: 'TOKEN',
    process: 'x',
    cooldownSeconds: 0,
    actions: [...ActionType.options],
  })),
}));

beforeEach(() => {
  provider = countingProvider();
  world = makeWorld({ db: test.db, services, runbooks: [], providers: { process: provider } });
});

type Wanted = Partial<PlannedAction> & { service?: string };

/** One incident per plan, each delivered by every executor until none has anything left to do. Returns how many effects there were. */
async function storm(plans: Wanted[][]): Promise<number> {
  await moveClock(test.db, 2 * 3_600_000);
  const before = provider.sent.length;
  const incidents: string[] = [];
  for (const plan of plans) {
    const id = await openIncident({ insertIncident, insertOwed }, test.db);
    await intend(test.db, id, plan);
    incidents.push(id);
  }
  await Promise.all(
    Array.from({ length: executors }, async (_, nth) => {
      const mine = [...incidents.slice(nth), ...incidents.slice(0, nth)];
      while (mine.length > 0) {
        const id = mine.shift()!;
        if (typeof (await deliver(world, id)) === 'object') mine.push(id);
      }
    }),
  );
  const left = await test.db.query(`SELECT 1 FROM incident WHERE id = ANY ($1) AND state = 'remediating'`, [incidents]);
  expect(left).toEqual([]);
  const keys = provider.sent.slice(before).map((request) => request.key);
  expect(new Set(keys).size).toBe(keys.length);
  return keys.length;
}

const many = (count: number, wanted: (i: number) => Wanted) => Array.from({ length: count }, (_, i) => [wanted(i)]);

describe(`${executors} executors`, { timeout: stormTimeoutMs }, () => {
  it('defect 31: restart a target twice in ten minutes, not a third time', async () => {
    for (let round = 0; round < rounds; round++)
      expect(await storm(many(12, () => ({ target: 's0-t0', service: 'service-0' })))).toBe(2);
    expect(world.counted.filter(({ reason }) => reason === 'restartsPerTarget')).toHaveLength(rounds * 10);
  });

  it('defect 33: add three instances to a target, not four, in however many calls', async () => {
    const scale = (added: number): Wanted => ({
      type: 'scale_up',
      target: 's1-t0',
      service: 'service-1',
      params: { replicas: 1 + added },
      precondition: { replicas: 1 },
    });
    const added = () => provider.sent.reduce((sum, { action }) => sum + Number(action.params['replicas']) - 1, 0);
    for (let round = 0; round < rounds; round++) {
      const before = added();
      await storm(many(12, (i) => scale(1 + (i % 2))));
      expect(added() - before).toBeLessThanOrEqual(3);
      expect(added() - before).toBeGreaterThanOrEqual(2);
    }
    expect(await storm(many(4, () => scale(4)))).toBe(0);
    expect(await storm(many(4, () => scale(-2)))).toBe(0);
    await expect(storm(many(1, () => scale(Number.NaN)))).rejects.toThrow('NaN has no canonical JSON');
  });

  it('act on one target four times, on one service six times', async () => {
    const { actionsPerTarget, actionsPerService } = actionLimits;
    for (let round = 0; round < rounds; round++) {
      expect(await storm(many(10, () => ({ type: 'clear_cache', target: 's2-t0', service: 'service-2' })))).toBe(
        actionsPerTarget.max,
      );
      expect(await storm(many(12, (i) => ({ target: `s3-t${i}`, service: 'service-3' })))).toBe(actionsPerService.max);
    }
  });

  it('act twenty times anywhere: the last wall when everything looks sick at once (defect 56)', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await storm(many(36, (i) => ({ target: `s${i}-t1`, service: `service-${i}` })))).toBe(
        actionLimits.actionsGlobal.max,
      );
    }
  });

  it('act six times for one incident, and then a person looks', async () => {
    const plan = Array.from({ length: 8 }, (_, i) => ({ target: `s${i}-t2`, service: `service-${i}` }));
    expect(await storm([plan])).toBe(actionLimits.actionsPerIncident.max);
  });
});

describe('a denial', { timeout: stormTimeoutMs }, () => {
  it('names the limit, who used it up and when it is free; it never repeats a step, and pages', async () => {
    await storm([[{ target: 's4-t0', service: 'service-4' }], [{ target: 's4-t0', service: 'service-4' }]]);
    const id = await openIncident({ insertIncident, insertOwed }, test.db);
    await intend(test.db, id, [
      { target: 's4-t0', service: 'service-4' },
      { target: 's5-t0', service: 'service-5' },
    ]);
    await deliver(world, id);
    const [denied, rest] = await ledger(test.db, id);
    expect(denied).toMatchObject({ state: 'denied', attempts: 0 });
    expect(denied!.detail).toMatch(
      /^limit restartsPerTarget: 2 in 10 min, used by act-\w+ \(inc-\w+\), act-\w+ \(inc-\w+\), free at \d{4}-.*Z$/,
    );
    expect(rest).toMatchObject({ state: 'cancelled', detail: 'not done: an earlier step did not succeed' });
    expect(await test.db.query(`SELECT state FROM incident WHERE id = $1`, [id])).toEqual([{ state: 'escalated' }]);
  });

  it('counts what failed and what is unknown like what succeeded', async () => {
    provider.answers.push(
      { outcome: 'failed', detail: 'no', again: false },
      { outcome: 'uncertain', detail: 'silence' },
    );
    expect(await storm(many(6, () => ({ target: 's6-t0', service: 'service-6' })))).toBe(2);
  });
});

describe('the kill switch', { timeout: stormTimeoutMs }, () => {
  it('defect 43: stops everything: once it is on, nothing more is sent', async () => {
    await setKillSwitch(test.db, false, 'ada', '');
    const storming = storm(many(30, (i) => ({ target: `s${i + 5}-t3`, service: `service-${i + 5}` })));
    await expect.poll(() => provider.sent.length, { interval: 5 }).toBeGreaterThan(1);
    await setKillSwitch(test.db, true, 'ada', 'something is odd');
    const [sent, [{ at } = { at: 0 }]] = [
      await storming,
      await test.db.query<{ at: number }>(`SELECT at FROM setting WHERE key = 'kill_switch'`),
    ];
    const letGo = await test.db.query<{ at: number }>(
      `SELECT sent_at AS at FROM action WHERE target LIKE 's%-t3' AND service <> 'service-3' AND sent_at IS NOT NULL`,
    );
    expect(letGo).toHaveLength(sent);
    expect(Math.max(...letGo.map((row) => row.at))).toBeLessThanOrEqual(at);
    const [stopped] = await test.db.query<{ detail: string }>(
      `SELECT detail FROM action WHERE target LIKE 's%-t3' AND service <> 'service-3' AND state = 'denied' AND detail LIKE 'the kill switch%' LIMIT 1`,
    );
    expect(stopped!.detail).toMatch(/^the kill switch is on since .*Z, by ada: something is odd$/);
    await setKillSwitch(test.db, false, 'ada', '');
  });
});
