/**
 * The whole system as a user has it: every service a process of its own, a shop that really breaks, both queues. Each story ends with the
 * shop's own count of what was done to it. Stories are played one after the other on one running system per queue.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDb, type Db } from '@nightshift/db';
import { createDatabase, dropDatabase } from '@nightshift/db/embedded';
import { findIncident, step, timeline } from '@nightshift/lifecycle';
import { eventually, postgresUrl, redisAvailable, startRedis } from '@nightshift/testkit';
import type { Incident, IncidentState, ServiceName } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openLog } from './log.ts';
import { askPeople, carriedOut, known, printed, signed, written } from './plan.fixture.ts';
import { startSystem, type Replicas, type System } from './system.ts';
import { warm } from './warm.ts';

type Story = { system: System; db: Db; databaseUrl: string; dataDir: string };
type Undo = () => Promise<unknown>;

/** A database, a queue and a system of its own, on which stories are played one after the other. */
async function begin(backend: string, replicas: Partial<Replicas>, undo: Undo[]): Promise<Story> {
  const name = `story_${randomBytes(4).toString('hex')}`;
  const own = async (which: string) => {
    undo.push(() => dropDatabase(postgresUrl(), which));
    return createDatabase(postgresUrl(), which);
  };
  const databaseUrl = await own(name);
  const shopDatabaseUrl = await own(`${name}_shop`);
  const dataDir = await mkdtemp(join(tmpdir(), 'nightshift-story-'));
  undo.push(() => rm(dataDir, { recursive: true, force: true }));
  const redis = backend === 'Redis' ? await startRedis() : null;
  if (redis) undo.push(() => redis.close());
  const system = await startSystem({
    databaseUrl,
    queueUrl: redis?.url,
    shopDatabaseUrl,
    dataDir,
    log: openLog({ dir: join(dataDir, 'logs'), verbose: false, screen: () => {} }),
    replicas,
    env: { SNAPSHOT_SECONDS: '2' },
  });
  undo.push(() => system.stop());
  const db = openDb({ url: databaseUrl, name: 'story', max: 3 });
  undo.push(() => db.close());
  return { system, db, databaseUrl, dataDir };
}

/** What a night leaves behind; series, and what was learned of them, stay. */
const nights =
  'incident, event, outbox, diagnostic, point, postmortem, plan, escalation, notification, action, budget, approval, decision, ' +
  'runbook_outcome, runbook_mode, runbook_version, anomaly, deployment, service_evidence, service_tail, why_not';

/** Keeps what the detectors have learned of the shop while it was well. */
async function learn({ system, db }: Story) {
  await warm(system, db);
  const [at] = await db.query<{ now: number }>('SELECT nightshift_now() AS now');
  await eventually(async () => {
    const saved = await db.query<{ at: number | null }>('SELECT state_at AS at FROM shard');
    expect(saved.every((shard) => (shard.at ?? 0) > at!.now)).toBe(true);
  }, patience);
  await db.query('CREATE TABLE learned AS SELECT shard, state, signals FROM shard');
}

/**
 * Another night, in which nothing has happened yet and the detectors know a shop that was always well: to start a system afresh, or to wait
 * until they call an episode over, would take a minute.
 */
async function anotherNight(story: Story, replicas: Partial<Replicas>) {
  const { system, db } = story;
  await system.shop.undo();
  await wellAgain(story);
  await eventually(async () => {
    expect(await db.query('SELECT 1 FROM outbox WHERE done_at IS NULL AND due_at < nightshift_now()')).toEqual([]);
  }, patience);
  const detectors = Array.from({ length: replicas.detector ?? 1 }, (_, i) => `detector-${i}`);
  const starts = () => detectors.reduce((sum, name) => sum + system.services.restarts(name), 0);
  const before = starts();
  await kill(story, replicas, ['detector', 'before']);
  await db.query('UPDATE shard SET state = l.state, signals = l.signals FROM learned l WHERE l.shard = shard.shard');
  await db.tx(async (tx) => {
    await tx.query('SET LOCAL session_replication_role = replica'); // the record is append-only for everybody else
    await tx.query(`TRUNCATE ${nights} CASCADE`);
  });
  await eventually(() => expect(starts()).toBe(before + detectors.length), patience);
  await warm(system, db);
}

/** The shop's clients have seen it well in three reports. */
async function wellAgain({ system }: Story) {
  let seen = -1;
  let well = 0;
  await eventually(async () => {
    const { reports, values } = await system.shop.load();
    if (reports !== seen) well = values.availability === 1 && (values.checkout_success_ratio ?? 0) > 0.8 ? well + 1 : 0;
    seen = reports;
    expect(well).toBeGreaterThanOrEqual(3);
  }, patience);
}

const patience = { timeoutMs: 150_000, everyMs: 20 };

async function theIncident({ db }: Story): Promise<Incident> {
  const ids = await db.query<{ id: string }>('SELECT id FROM incident');
  expect(ids).toHaveLength(1);
  return (await findIncident(db, ids[0]!.id))!;
}

/** Waits until the incident is, or was, in a state. */
const reaches = (story: Story, state: IncidentState) =>
  eventually(async () => {
    const incident = await theIncident(story);
    const entries = await timeline(story.db, incident.id);
    expect(entries.map((entry) => entry.to)).toContain(state);
    return incident;
  }, patience);

/** What the shop says was done to it on our word, since its last fault. */
async function done({ system }: Story) {
  const effects = await system.shop.effects();
  return effects.slice(effects.findLastIndex(({ by }) => by === 'fault')).filter(({ by }) => by === 'action');
}

/** The guarantee of every story that automation ends: one incident, one effect, one postmortem, and nobody was woken. */
async function endsWithOneAction(story: Story, kind: 'deploy' | 'restart' | 'scale' | null) {
  await reaches(story, 'resolved');
  const incident = await eventually(async () => {
    const found = await theIncident(story);
    const entries = await timeline(story.db, found.id);
    expect(entries.filter((entry) => entry.event.kind === 'postmortem_written')).toHaveLength(1);
    return found;
  }, patience);
  expect(incident).toMatchObject({ service: 'shop-api', state: 'resolved', resolution: 'automated' });
  const effects = await done(story);
  expect(effects.map((effect) => effect.kind)).toEqual(kind ? [kind] : []);
  expect(await story.db.query('SELECT state FROM action')).toEqual([{ state: 'succeeded' }]);
  expect(await story.db.query('SELECT incident_id FROM postmortem')).toEqual([{ incident_id: incident.id }]);
  expect(await story.db.query('SELECT 1 FROM notification')).toEqual([]);
  expect(await story.system.shop.process()).toMatchObject({ state: 'running', version: 'v1' });
}

/** Nothing matches: no effect, one person told once, and the postmortem when that person has mended it. */
async function endsWithAPerson(story: Story) {
  const { id } = await reaches(story, 'escalated');
  await eventually(
    async () => expect(await story.db.query(`SELECT 1 FROM notification WHERE state = 'sent'`)).not.toEqual([]),
    patience,
  );
  const [pages] = await story.db.query<{ pages: number; keys: number }>(
    'SELECT count(*) AS pages, count(DISTINCT dedup_key) AS keys FROM notification',
  );
  expect(pages!.pages).toBe(pages!.keys);
  expect(await done(story)).toEqual([]);
  await step(story.db, id, { kind: 'acknowledged', by: 'ada' }, { actor: 'ada' });
  await story.system.shop.undo();
  await wellAgain(story);
  await step(story.db, id, { kind: 'resolved_by_person', by: 'ada', reason: 'second edition off' }, { actor: 'ada' });
  await eventually(
    async () => expect(await story.db.query('SELECT incident_id FROM postmortem')).toEqual([{ incident_id: id }]),
    patience,
  );
  expect(await theIncident(story)).toMatchObject({ resolution: 'person' });
}

const two: Partial<Replicas> = { detector: 2, diagnostics: 2, 'runbook-executor': 2, escalation: 2, postmortem: 2 };

/** Who is killed, in which state of the incident. */
const victims: [ServiceName, IncidentState | 'before'][] = [
  ['ingest', 'before'],
  ['detector', 'diagnosing'],
  ['diagnostics', 'diagnosing'],
  ['runbook-executor', 'remediating'],
  ['console', 'verifying'],
  ['postmortem', 'resolved'],
];

/** Each by itself, and a load whose detection takes its time where the machine is busy: for who has eight more minutes. */
const all = Boolean(process.env['NIGHTSHIFT_ALL_STORIES']);
const alone = all ? victims : [];

/** kill -9 of every process of a service. */
async function kill(story: Story, replicas: Partial<Replicas>, [victim, state]: (typeof victims)[number]) {
  if (state !== 'before') await reaches(story, state);
  for (let i = 0; i < (replicas[victim] ?? 1); i++) await story.system.services.kill(victim, i);
}

const redis = redisAvailable();
if (!redis)
  it('plays the second half with the queue on Redis', (test) =>
    test.skip('Redis is not on this machine: no redis-server was found; it is played on Postgres'));

/** One system for each half; a scenario is played on one of them, and what kill -9 can do on both. */
describe.each([
  { backend: 'Postgres', replicas: {}, of: 'one of every service' },
  { backend: redis ? 'Redis' : 'Postgres', replicas: two, of: 'two of every worker' },
])('with the queue on $backend and $of', ({ backend, replicas, of }) => {
  const undo: Undo[] = [];
  let story: Story;
  beforeAll(async () => {
    story = await begin(backend, replicas, undo);
    await learn(story);
  });
  beforeEach(() => anotherNight(story, replicas));
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });
  const first = of === 'one of every service';

  if (first)
    it('the shop is restarted after a crash', async () => {
      await story.system.shop.cause('crash');
      await endsWithOneAction(story, 'restart');
    });

  if (!first)
    it('the shop gets a bad deployment rolled back by the very plan that a person has signed', async () => {
      const { system, db, databaseUrl } = story;
      await askPeople(db, 'roll-back-bad-deploy');
      await system.shop.cause('bad-deploy');
      const { id } = await reaches(story, 'awaiting_approval');
      const [shown, approved] = [printed(databaseUrl, id), await signed(system, id)];
      expect([shown.kind, shown.plan]).toEqual(['standing', approved.plan]);
      await endsWithOneAction(story, 'deploy');
      const { hash, lines } = known(approved.plan);
      expect([shown.hash, approved.hash]).toEqual([hash, hash]);
      expect(await carriedOut(db)).toEqual({ actions: approved.plan.actions, hashes: new Set([hash]) });
      const postmortem = (await written(db)).replaceAll(/\\(.)/g, '$1');
      for (const line of lines) expect(postmortem).toContain(`- ${line.trim()}`);
    });

  it('the shop gets the same, and no more, when every service is killed once in mid-incident', async () => {
    const before = victims.map(([victim]) => story.system.services.restarts(`${victim}-0`));
    await story.system.shop.cause('bad-deploy');
    for (const victim of victims) await kill(story, replicas, victim);
    await endsWithOneAction(story, 'deploy');
    const after = victims.map(([victim]) => story.system.services.restarts(`${victim}-0`));
    expect(after).toEqual(before.map((count) => count + 1));
  });

  if (first && all)
    it('the shop gets one more instance under twice the load', async () => {
      await story.system.shop.cause('overload');
      await endsWithOneAction(story, 'scale');
      expect(await story.db.query(`SELECT planned->'params' AS params FROM action`)).toEqual([
        { params: { replicas: 2 } },
      ]);
    });

  if (!first)
    it('the full folder of the shop is cleared of what is old', async () => {
      await story.system.shop.cause('disk-full');
      await endsWithOneAction(story, null);
      expect(await readdir(join(story.dataDir, 'shop/receipts'))).not.toContain('leftover-0.tmp');
    });

  if (!first)
    it('one page tells that neither a rollback nor a restart helped', async () => {
      await story.system.shop.cause('fix-fails');
      await reaches(story, 'escalated');
      const tried = await eventually(async () => {
        const sent = await story.db.query<{ tried: string }>(
          `SELECT page->>'tried' AS tried FROM notification WHERE state = 'sent'`,
        );
        expect(sent).toHaveLength(1);
        return sent[0]!.tried;
      }, patience);
      for (const each of ['roll back shop-api from', 'restart shop-api']) expect(tried).toContain(each);
      expect((await done(story)).map(({ kind }) => kind)).toEqual(['deploy', 'restart']);
    });

  it.each(alone)('the shop gets the same, and no more, when %s is killed in mid-incident (%s)', async (...victim) => {
    await story.system.shop.cause('bad-deploy');
    await kill(story, replicas, victim);
    await endsWithOneAction(story, 'deploy');
  });

  if (first)
    it('the shop has a mystery, and a person is told everything', async () => {
      await story.system.shop.cause('mystery');
      await endsWithAPerson(story);
    });

  if (!first)
    it('the page of a mystery is sent when escalation is killed while it is owed', async () => {
      await story.system.shop.cause('mystery');
      await reaches(story, 'escalated');
      await kill(story, replicas, ['escalation', 'before']);
      await endsWithAPerson(story);
    });
});
