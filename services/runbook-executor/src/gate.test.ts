/** What people stop stays stopped. */
import { moveClock, now, openDb } from '@nightshift/db';
import { addFreeze, closeBreaker, endFreeze, findIncident, mindBreaker, setKillSwitch } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { admit, type Admitted } from './admission.ts';
import { letGo } from './gate.ts';
import { perform } from './perform.ts';
import { record } from './record.ts';
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

describe('the breaker', () => {
  it('stops acting from the moment that too many are sick, before anybody has opened it, and after', async () => {
    const sick = await Promise.all(['shop', 'bank', 'mail'].map((service) => insertIncident(test.db, { service })));
    world.setCatalogue([
      {
        name: 'shop',
        targets: [
          { id: 'api', kind: 'process', urlEnv: 'U', tokenEnv: 'T', process: 'api', actions: ['restart_service'] },
        ],
      },
      { name: 'bank' },
      { name: 'mail' },
    ]);
    expect(await restart('api')).toMatchObject({
      state: 'denied',
      detail: '3 of 3 services are sick at once (bank, mail, shop)',
    });
    await mindBreaker(test.db, ['shop', 'bank', 'mail']);
    await test.db.query(`UPDATE incident SET state = 'closed', deadline_at = NULL WHERE id = ANY ($1)`, [sick]);
    expect(await restart('api')).toMatchObject({
      state: 'denied',
      detail: expect.stringMatching(/^the breaker is open since .*Z: 3 of 3/),
    });
    await closeBreaker(test.db, 'ada', 'seen');
    await mindBreaker(test.db, ['shop', 'bank', 'mail']);
    await test.db.query(`UPDATE incident SET state = 'closed', deadline_at = NULL WHERE state <> 'closed'`);
    expect(await restart('api')).toMatchObject({ state: 'succeeded' });
  });
});

describe('between admission and effect', () => {
  const job = { generation: 1 };
  const never = new AbortController().signal;
  async function admitted(): Promise<Admitted> {
    const id = await openIncident({ insertIncident, insertOwed }, test.db);
    const [actionId] = await intend(test.db, id, [{ target: 'api' }]);
    const admission = await admit(world, actionId!, job);
    if (admission.kind !== 'admitted') throw new Error(`expected to be admitted, is ${admission.kind}`);
    return admission;
  }
  const stateOf = async ({ action }: Admitted) => (await ledger(test.db, action.incidentId))[0];

  it('defect 43: a kill switch that goes on stops it: denied, nothing sent, a person is told', async () => {
    const mine = await admitted();
    await setKillSwitch(test.db, true, 'ada', 'odd');
    const performed = await perform(world, mine, never);
    expect(performed).toMatchObject({ outcome: 'stopped', reason: 'kill_switch' });
    await record(test.db, mine, performed, job);
    expect(await stateOf(mine)).toMatchObject({
      state: 'denied',
      detail: expect.stringMatching(/^not sent: the kill switch is on since .*, by ada: odd$/) as string,
    });
    expect(await findIncident(test.db, mine.action.incidentId)).toMatchObject({ state: 'escalated' });
    await setKillSwitch(test.db, false, 'ada', '');
    expect(provider.sent).toEqual([]);
  });

  it('a freeze stops it; where an earlier attempt may have happened it is unknown', async () => {
    const mine = await admitted();
    await addFreeze(test.db, { endsAt: Math.round(await now(test.db)) + hour, reason: 'now' }, 'ada');
    const performed = await perform(world, { ...mine, recovered: true }, never);
    await record(test.db, { ...mine, recovered: true }, performed, job);
    expect(await stateOf(mine)).toMatchObject({
      state: 'unknown',
      detail: expect.stringContaining('not sent: change'),
    });
    expect(provider.sent).toEqual([]);
  });

  it('a lease that ended, or a fence that was taken, stops it, though its own clock says otherwise', async () => {
    const mine = await admitted();
    await moveClock(test.db, hour);
    expect(await letGo(world, mine)).toMatchObject({ reason: 'fence' });
    const taken = await admit(world, mine.action.id, job);
    expect(await perform(world, mine, never)).toMatchObject({ outcome: 'stopped', reason: 'fence' });
    expect(provider.sent).toEqual([]);
    expect(await perform(world, taken as Admitted, never)).toMatchObject({ outcome: 'succeeded' });
  });

  it('a ledger that cannot be written stops it: read-only, and away', async () => {
    const mine = await admitted();
    const broken = (reason: string) => ({ ...world, db: { ...test.db, tx: () => Promise.reject(new Error(reason)) } });
    const name = new URL(test.url).pathname.slice(1);
    await test.db.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    const readOnly = openDb({ url: test.url, name: 'read-only' });
    expect(await perform({ ...world, db: readOnly }, mine, never)).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('in a read-only transaction') as string,
    });
    await readOnly.close();
    await test.db.query(`ALTER DATABASE ${name} SET default_transaction_read_only = off`);
    expect(await perform(broken('away'), mine, never)).toMatchObject({ outcome: 'failed', again: true });
    expect(provider.sent).toEqual([]);
  });
});

it('a ledger that cannot be written admits nothing and sends nothing: the job comes again', async () => {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  await intend(test.db, id, [{ target: 'api' }]);
  const name = new URL(test.url).pathname.slice(1);
  await test.db.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  const readOnly = openDb({ url: test.url, name: 'read-only' });
  await expect(deliver({ ...world, db: readOnly }, id)).rejects.toThrow('read-only transaction');
  await readOnly.close();
  const nowhere = openDb({ url: test.url.replace(/:\d+\//, ':1/'), name: 'away' });
  await expect(admit({ ...world, db: nowhere }, 'act-any', { generation: 1 })).rejects.toThrow('cannot connect');
  await nowhere.close();
  expect(provider.sent).toEqual([]);
  await test.db.query(`ALTER DATABASE ${name} SET default_transaction_read_only = off`);
  await deliver(world, id);
  expect(provider.sent).toHaveLength(1);
});
