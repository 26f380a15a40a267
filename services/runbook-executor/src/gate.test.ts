/** What people stop stays stopped. */
import { moveClock, now } from '@nightshift/db';
import { addFreeze, endFreeze, findIncident } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countingProvider, intend, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type World } from './testing/world.ts';

let test: TestDatabase;
let provider: Counting;
let world: World;
const hour = 3_600_000;

beforeAll(async () => (test = await testDatabase({ max: 16 })));
afterAll(() => test.close());
beforeEach(async () => {
  await moveClock(test.db, 2 * hour);
  provider = countingProvider();
  const target = (id: string) => ({
    id,
    kind: 'process' as const,
    urlEnv: 'URL',
    tokenEnv: 'TOKEN',
    process: id,
    actions: ['restart_service' as const],
  });
  world = makeWorld({
    db: test.db,
    services: [
      { name: 'shop', targets: [target('api')] },
      { name: 'bank', targets: [target('vault')] },
    ],
    runbooks: [],
    providers: { process: provider },
  });
});

async function restart(target: 'api' | 'vault') {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  await intend(test.db, id, [{ target, service: target === 'api' ? 'shop' : 'bank' }]);
  await deliver(world, id);
  const [action] = await ledger(test.db, id);
  return { id, state: action!.state, detail: action!.detail };
}

describe('a change freeze', () => {
  it('of one service denies with the reason and the end, and lets others be; ended, it lets go', async () => {
    const endsAt = Math.round(await now(test.db)) + hour;
    const freeze = await addFreeze(test.db, { service: 'bank', endsAt, reason: 'end of quarter' }, 'ada');
    const denied = await restart('vault');
    expect(denied).toMatchObject({
      state: 'denied',
      detail: `change freeze ${freeze.id} of ada of bank until ${new Date(endsAt).toISOString()}: end of quarter`,
    });
    expect(await findIncident(test.db, denied.id)).toMatchObject({ state: 'escalated' });
    expect(world.counted).toContainEqual({ type: 'restart_service', outcome: 'denied', reason: 'freeze' });
    expect(await restart('api')).toMatchObject({ state: 'succeeded' });
    await endFreeze(test.db, freeze.id, 'grace');
    expect(await restart('vault')).toMatchObject({ state: 'succeeded' });
  });

  it('ends by itself, by the clock of the database', async () => {
    await addFreeze(test.db, { endsAt: Math.round(await now(test.db)) + hour, reason: 'migration' }, 'ada');
    expect(await restart('api')).toMatchObject({ state: 'denied' });
    await moveClock(test.db, hour + 1_000);
    expect(await restart('api')).toMatchObject({ state: 'succeeded' });
  });

  it('of the calendar holds too', async () => {
    const day = new Date(await now(test.db)).toISOString().slice(0, 10);
    const next = new Date((await now(test.db)) + 48 * hour).toISOString().slice(0, 10);
    world.setFreezes([
      { kind: 'once', id: 'sales', reason: 'sales', zone: 'UTC', starts: `${day}T00:00`, ends: `${next}T00:00` },
    ]);
    expect(await restart('api')).toMatchObject({
      state: 'denied',
      detail: `change freeze sales until ${next}T00:00:00.000Z: sales`,
    });
  });

  it('lets nothing past that was admitted beside it: what comes after its commit has seen it', async () => {
    const admitting = Promise.all(Array.from({ length: 6 }, () => restart('vault')));
    const freeze = await addFreeze(test.db, { endsAt: Math.round(await now(test.db)) + hour, reason: 'now' }, 'ada');
    await admitting;
    const late = await test.db.query(`SELECT 1 FROM action WHERE target = 'vault' AND admitted_at > ms($1)`, [
      freeze.startsAt + 1,
    ]);
    expect(late).toEqual([]);
    await endFreeze(test.db, freeze.id, 'ada');
  });
});
