import { moveClock, now, type Db } from '@nightshift/db';
import { closeBreaker, readBreaker, runStage, step, timeline } from '@nightshift/lifecycle';
import { verifyLink } from '@nightshift/runtime';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Schedule, type IncidentEvent, type OnCall } from '@nightshift/types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from './channels/channel.ts';
import { openChannels } from './channels/index.ts';
import { climb } from './climb.ts';
import { escalate, type EscalateParts } from './handlers/escalate.ts';
import { startSender, type SenderParts } from './sender.ts';
import { env, notYet, oncall, startReceiver, type Receiver } from './stand-ins.ts';
import { claimPages, dueClimbs } from './store.ts';

const secret = 'a secret of the test, long enough';
const log = pino({ level: 'silent' });
const minute = 60_000;
const catalogue = Array.from({ length: 5 }, (_, i) => `s${i}`);

let test: TestDatabase;
let pager: Receiver;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  [test, pager] = await Promise.all([testDatabase(), startReceiver()]);
  closing.push(
    () => test.close(),
    () => pager.close(),
  );
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** An escalation service without its loops' waiting: `pass(ms)` moves the clock and lets everything happen that is then due. */
function paging(changes: { file?: OnCall; db?: Db; sender?: Partial<SenderParts> } = {}) {
  const file = { current: changes.file ?? oncall() };
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push(error);
  const sender = startSender({
    db: changes.db ?? test.db,
    oncall: () => file.current,
    deliver: openChannels({ log, env: env(pager.url), timeoutMs: 2_000 }),
    leaseMs: 30_000,
    maxAttempts: 3,
    onError,
    everyMs: 20,
    ...changes.sender,
  });
  closing.push(() => sender.close());
  const parts: EscalateParts = {
    db: test.db,
    oncall: () => file.current,
    consoleUrl: 'http://console.test/',
    secret,
    linkMs: 60 * minute,
    onError,
    policyOfService: () => undefined,
    services: () => catalogue,
    pagesOwed: () => sender.kick(),
  };
  const climbDue = async () => {
    for (const due of await dueClimbs(test.db, 100)) await climb(parts, due);
    sender.kick();
  };
  return {
    file,
    errors,
    parts,
    climbDue,
    ring: (incidentId: string, generation = 1) =>
      runStage(
        test.db,
        { v: 1, incidentId, stage: 'escalate', generation },
        new AbortController().signal,
        escalate(parts),
      ),
    async pass(ms: number) {
      await moveClock(test.db, ms);
      await climbDue();
    },
  };
}

async function escalated(service = 'shop-api', changes: Parameters<typeof insertIncident>[1] = {}) {
  const id = await insertIncident(test.db, { service, state: 'escalated', ...changes });
  await insertOwed(test.db, id, 'escalate');
  return id;
}

const happen = (id: string, event: IncidentEvent, actor = 'ada') => step(test.db, id, event, { actor });
const states = () =>
  test.db.query<{ key: string; state: string; error: string | null }>(
    `SELECT dedup_key AS key, state, error FROM notification ORDER BY sent_at, dedup_key`,
  );
const settled = (count: number) =>
  expect
    .poll(async () => (await states()).filter(({ state }) => state !== 'pending').length, { timeout: 10_000 })
    .toBe(count);
const paged = () => pager.received.map(({ body }) => body.data['recipient']);
const kinds = async (id: string) => (await timeline(test.db, id)).map(({ event }) => event.kind);

describe('the climb', () => {
  it('tells the next level when nobody answers, climbs again as often as the policy says, and ends', async () => {
    const id = await escalated();
    const { ring, pass } = paging();
    expect(await ring(id)).toBe('done');
    await settled(1);
    expect(paged()).toEqual(['ada']);
    await pass(299_000);
    expect(await states()).toHaveLength(1);
    await pass(2_000);
    await settled(2);
    expect(paged()).toEqual(['ada', 'bob']);
    await pass(301_000);
    await settled(3);
    await pass(301_000);
    await settled(4);
    expect(paged()).toEqual(['ada', 'bob', 'ada', 'bob']);
    await pass(60 * minute);
    expect(await states()).toHaveLength(4);
    expect(pager.received.every((each) => each.signed)).toBe(true);
    expect(new Set(pager.received.map((each) => each.id)).size).toBe(4);
    expect(await kinds(id)).toEqual(['paged', 'paged', 'paged', 'paged']);
  });

  it('sends a page that a sleepy person can act on, with a link in their name', async () => {
    const id = await escalated();
    await paging().ring(id);
    await settled(1);
    const page = pager.received[0]!.body.data as Record<string, string>;
    expect(page).toMatchObject({
      incidentId: id,
      severity: 'critical',
      incidentUrl: `http://console.test/incidents/${id}`,
    });
    expect(page['headline']).toContain('shop-api: too many errors, since');
    expect(page['nextStep']).not.toBe('');
    const token = new URL(page['acknowledgeUrl']!).searchParams.get('token')!;
    expect(page['acknowledgeUrl']).toMatch(/^http:\/\/console\.test\/ack\?token=/);
    const at = await now(test.db);
    expect(verifyLink(secret, token, { purpose: 'ack', at })).toMatchObject({ incidentId: id, by: 'ada' });
    expect(() => verifyLink(secret, token, { purpose: 'ack', at: at + 61 * minute })).toThrow('not valid');
  });

  it('stops when somebody takes it', async () => {
    const id = await escalated();
    const { ring, pass } = paging();
    await ring(id);
    await settled(1);
    await happen(id, { kind: 'acknowledged', by: 'ada' });
    await pass(10 * minute);
    await pass(10 * minute);
    expect(paged()).toEqual(['ada']);
    expect(await test.db.query('SELECT next_at FROM escalation')).toEqual([{ next_at: null }]);
  });

  it('stops when it is resolved, and a page that is still being tried is not sent any more (defect 53)', async () => {
    const id = await escalated();
    pager.answer = (_got, response) => void response.writeHead(503).end();
    const { ring, pass } = paging();
    await ring(id);
    await expect.poll(() => pager.received.length).toBe(1);
    await happen(id, { kind: 'resolved_by_person', by: 'ada', reason: '' });
    await pass(10 * minute);
    await settled(1);
    expect(await states()).toMatchObject([{ state: 'cancelled', error: 'the incident is resolved' }]);
    expect(pager.received).toHaveLength(1);
  });

  it('tells only the one who took it before automation gave up', async () => {
    const id = await escalated('shop-api', { acknowledgedBy: 'bob' });
    const { ring, pass } = paging();
    await ring(id);
    await settled(1);
    await pass(60 * minute);
    expect(paged()).toEqual(['bob']);
  });

  it('begins anew when the reminder comes, and the old climb ends', async () => {
    const id = await escalated('shop-api', { deadlineAt: (await now(test.db)) + 200_000 });
    const { ring, pass } = paging();
    await ring(id);
    await settled(1);
    await moveClock(test.db, 201_000);
    await happen(id, { kind: 'deadline_passed', state: 'escalated' }, 'sweeper');
    expect(await ring(id, 2)).toBe('done');
    await settled(2);
    await pass(150_000); // the old climb would be due now
    expect(paged()).toEqual(['ada', 'ada']);
    expect(pager.received[1]!.body.data['reason']).toBe('nobody has taken it yet');
    expect(await test.db.query('SELECT generation FROM escalation WHERE next_at IS NOT NULL')).toEqual([
      { generation: 2 },
    ]);
  });

  it('goes by the policy of the service', async () => {
    const loud = { ...oncall().policies[0]!, id: 'loud', levels: [{ notify: ['ada', 'bob'], nextAfterSeconds: 60 }] };
    const id = await escalated();
    const { parts, ring } = paging({ file: oncall({ policies: [oncall().policies[0]!, loud] }) });
    parts.policyOfService = () => 'loud';
    await ring(id);
    await settled(2);
    expect(new Set(paged())).toEqual(new Set(['ada', 'bob']));
  });

  it('reaches the console when the policy comes to nobody', async () => {
    const id = await escalated();
    const nobody = oncall(notYet());
    await paging({ file: nobody }).ring(id);
    await settled(1);
    expect(await states()).toMatchObject([{ key: `${id}-1-0-0-nobody-on-call-inbox`, state: 'sent' }]);
  });
});

describe('a page', () => {
  it('is owed once, however often the job comes and however many climb (defect 52)', async () => {
    const id = await escalated();
    const [one, two] = [paging(), paging()];
    await Promise.all([one.ring(id), two.ring(id), one.ring(id)]);
    await settled(1);
    await Promise.all([one.pass(301_000), two.climbDue(), two.climbDue()]);
    await settled(2);
    expect(paged()).toEqual(['ada', 'bob']);
    expect(await one.ring(id)).toBe('not_owed');
  });

  it('is claimed by one of several senders (defect 52)', async () => {
    const { parts, ring } = paging({
      sender: { everyMs: 1_000_000, deliver: () => Promise.reject(new Error('not this one')) },
    });
    parts.pagesOwed = () => {};
    const ids = await Promise.all(Array.from({ length: 60 }, (_, i) => escalated(`service-${i}`)));
    await Promise.all(ids.map((id) => ring(id)));
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimPages(test.db, 20, 30_000)));
    const claimed = claims.flat().map(({ id }) => id);
    expect(claimed).toHaveLength(60);
    expect(new Set(claimed).size).toBe(60);
  });

  it('that two senders sent, because one was slower than its lease, is recorded once (defect 52)', async () => {
    const id = await escalated();
    let answer = () => {};
    const slowly = () => new Promise<Delivery>((resolve) => (answer = () => resolve({ ok: true, detail: 'slowly' })));
    await paging({ sender: { deliver: slowly } }).ring(id);
    await expect.poll(() => test.db.query('SELECT attempts FROM notification')).toEqual([{ attempts: 1 }]);
    const quick = paging();
    await quick.pass(31_000);
    await settled(1);
    answer();
    await closing.splice(-2, 1)[0]!(); // the slow sender ends, with all it had under way
    expect(await kinds(id)).toEqual(['paged']);
  });

  it('comes again under the same key when the sender dies after the receiver answered and before it was recorded', async () => {
    const id = await escalated();
    let dead = false;
    const dying: Db = {
      ...test.db,
      tx: () => ((dead = true), Promise.reject(new Error('killed'))),
      query: (text, params) => (dead ? Promise.reject(new Error('killed')) : test.db.query(text, params)),
    };
    await paging({ db: dying }).ring(id);
    await expect.poll(() => dead).toBe(true);
    expect(pager.received).toHaveLength(1);
    expect(await kinds(id)).toEqual([]);

    const alive = paging();
    await alive.climbDue();
    expect(pager.received).toHaveLength(1); // the lease of the dead one has not run out
    await alive.pass(31_000);
    await settled(1);
    expect(pager.received.map((each) => each.id)).toEqual([`${id}-1-0-0-ada-pager`, `${id}-1-0-0-ada-pager`]);
    expect(await kinds(id)).toEqual(['paged']);
  });

  it('comes again, under the same key, until the receiver takes it', async () => {
    const id = await escalated();
    pager.answer = (_got, response, nth) => void response.writeHead(nth < 3 ? 500 : 200).end();
    const { ring, pass } = paging();
    await ring(id);
    for (let copies = 1; copies < 3; copies++) {
      await expect.poll(() => pager.received.length).toBe(copies);
      await expect.poll(states).toMatchObject([{ state: 'pending', error: 'answered 500' }]);
      await pass(30_000);
    }
    await settled(1);
    expect(new Set(pager.received.map((each) => each.id)).size).toBe(1);
    expect(await kinds(id)).toEqual(['paged']);
  });

  it('that cannot be delivered is given up, kept in the console, and the next level told at once (defect 51)', async () => {
    const id = await escalated();
    pager.answer = (got, response) => void response.writeHead(got.body.data['recipient'] === 'ada' ? 500 : 200).end();
    const { ring, pass, climbDue } = paging();
    await ring(id);
    for (let copies = 1; copies < 3; copies++) {
      await expect.poll(states).toMatchObject([{ state: 'pending', error: 'answered 500' }]);
      await pass(20_000);
      await expect.poll(() => pager.received.length).toBe(copies + 1);
    }
    await settled(2);
    await climbDue(); // 40 s after the first page: Bob would have been told after 300 s
    await settled(3);
    expect(paged()).toEqual(['ada', 'ada', 'ada', 'bob']);
    expect(
      Object.fromEntries((await states()).map(({ key, state }) => [key.replace(`${id}-1-0-`, ''), state])),
    ).toEqual({
      '0-ada-inbox': 'sent',
      '0-ada-pager': 'failed',
      '1-bob-pager': 'sent',
    });
    expect((await kinds(id)).filter((kind) => kind === 'page_failed')).toHaveLength(1);
  });

  it('given up does not wake the next level when another channel of the same level got through', async () => {
    const file = oncall({
      channels: [...oncall().channels, { id: 'broken', kind: 'webhook', urlEnv: 'NOT_SET', secretEnv: 'NOT_SET' }],
      people: [
        { id: 'ada', name: 'Ada', channels: ['pager', 'broken'] },
        { id: 'bob', name: 'Bob', channels: ['pager'] },
      ],
    });
    const id = await escalated();
    const { ring, climbDue } = paging({ file });
    await ring(id);
    await settled(3);
    await climbDue();
    expect(await states()).toHaveLength(3);
    expect(paged()).toEqual(['ada']);
    expect((await states()).find(({ state }) => state === 'failed')!.error).toContain(
      'NOT_SET, which channel "broken" names, is not set',
    );
  });

  it('given up is not put into an inbox where it is already', async () => {
    const file = oncall({
      people: [
        { id: 'ada', name: 'Ada', channels: ['inbox', 'pager'] },
        { id: 'bob', name: 'Bob', channels: ['inbox'] },
      ],
    });
    const id = await escalated();
    const { ring } = paging({ file, sender: { maxAttempts: 1 } });
    pager.answer = (_got, response) => void response.writeHead(500).end();
    await ring(id);
    await settled(2);
    expect((await kinds(id)).filter((kind) => kind === 'paged')).toHaveLength(1);
    expect((await states()).map(({ state }) => state)).toEqual(expect.arrayContaining(['sent', 'failed']));
  });

  it('is given up when its attempts ended without a word of any', async () => {
    const id = await escalated();
    const { ring, pass } = paging({ sender: { deliver: () => new Promise(() => {}), maxAttempts: 1 } });
    await ring(id);
    await expect.poll(() => test.db.query('SELECT attempts FROM notification')).toEqual([{ attempts: 1 }]);
    await pass(31_000);
    await expect.poll(() => kinds(id)).toEqual(['page_failed']);
    closing.pop(); // that sender waits for ever for what it sent
  });

  it('waits for no slow receiver of another page', async () => {
    pager.answer = (got, response) => void (got.body.data['service'] === 'slow' || response.writeHead(204).end());
    const { ring } = paging();
    await ring(await escalated('slow'));
    await expect.poll(() => pager.received.length).toBe(1);
    await ring(await escalated('quick'));
    await settled(1);
    expect((await states()).map(({ state }) => state).sort()).toEqual(['pending', 'sent']);
  });

  it('goes out whatever of its content cannot be read (defect 50)', async () => {
    const id = await escalated();
    await test.db.query('DROP TABLE diagnostic, anomaly CASCADE');
    await test.db.query(
      `INSERT INTO action (id, incident_id, generation, step, type, target, service, provider, class, plan_hash, planned, state)
      VALUES ('act-1', $1, 1, 0, 'restart_service', 'x', 'x', 'process', 'idempotent', 'p', '5', 'failed')`,
      [id],
    );
    const { ring, errors } = paging();
    await ring(id);
    await settled(1);
    expect(paged()).toEqual(['ada']);
    expect(errors).toHaveLength(2);
  });

  it('goes by the database clock alone (defect 57)', async () => {
    const [date, time] = new Date((await now(test.db)) - minute).toISOString().split('T');
    const turn = { startsOn: date, handover: time!.slice(0, 5), turn: { unit: 'hour' } };
    const turns = oncall({
      schedules: [
        Schedule.parse({ id: 'primary', timeZone: 'UTC', layers: [{ id: 'turns', people: ['ada', 'bob'], ...turn }] }),
      ],
    });
    const id = await escalated();
    const { ring, pass } = paging({ file: turns });
    await pass(60 * minute); // an hour later in the database, now in this process: it is Bob's turn
    await ring(id);
    await settled(1);
    expect(paged()).toEqual(['bob']);
  });
});

describe('while the breaker is open', () => {
  it('one page goes out for the whole, none per incident; those that still wait when it closes page then', async () => {
    const { ring, pass } = paging();
    const ids = await Promise.all(catalogue.map((service) => escalated(service)));
    await Promise.all(ids.map((id) => ring(id)));
    const { incidentId } = await readBreaker(test.db);
    await ring(incidentId!);
    await settled(1);
    expect(pager.received.map(({ body }) => [body.data['incidentId'], body.data['reason']])).toEqual([
      [incidentId, expect.stringContaining('5 of 5 services are sick at once (s0, s1, s2, s3, s4)')],
    ]);
    expect(await kinds(ids[0]!)).toEqual(['note']);
    await pass(1_000);
    await closeBreaker(test.db, 'ada', 'seen');
    await step(test.db, ids[0]!, { kind: 'deadline_passed', state: 'escalated' }, { actor: 'sweeper' });
    await ring(ids[0]!, 2);
    await settled(2);
    expect(pager.received.at(-1)!.body.data['incidentId']).toBe(ids[0]);
  });
});
