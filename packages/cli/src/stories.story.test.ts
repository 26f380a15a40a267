/**
 * The whole system as a user has it: every service a process of its own, a shop that really breaks, both queues. Each story ends with the
 * shop's own count of what was done to it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDb, type Db } from '@nightshift/db';
import { createDatabase, dropDatabase } from '@nightshift/db/embedded';
import { findIncident, step, timeline } from '@nightshift/lifecycle';
import { eventually, postgresUrl, redisAvailable, startRedis } from '@nightshift/testkit';
import type { Incident, IncidentState, ServiceName } from '@nightshift/types';
import { afterEach, describe, expect, it } from 'vitest';
import { openLog } from './log.ts';
import { startSystem, type Replicas, type System } from './system.ts';
import { warm } from './warm.ts';

type Story = { system: System; db: Db };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A database, a queue and a system of its own for each story. */
async function begin(backend: string, replicas: Partial<Replicas> = {}): Promise<Story> {
  const name = `story_${randomBytes(4).toString('hex')}`;
  const databaseUrl = await createDatabase(postgresUrl(), name);
  closers.push(() => dropDatabase(postgresUrl(), name));
  const dataDir = await mkdtemp(join(tmpdir(), 'nightshift-story-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const redis = backend === 'Redis' ? await startRedis() : null;
  if (redis) closers.push(() => redis.close());
  const system = await startSystem({
    databaseUrl,
    queueUrl: redis?.url,
    shopDatabaseUrl: postgresUrl(),
    dataDir,
    log: openLog({ dir: join(dataDir, 'logs'), verbose: false, screen: () => {} }),
    replicas,
  });
  closers.push(() => system.stop());
  const db = openDb({ url: databaseUrl, name: 'story', max: 3 });
  closers.push(() => db.close());
  await warm(system, db);
  return { system, db };
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

/** The guarantee of every story that automation ends: one incident, one effect, one postmortem, and nobody was woken. */
async function endsWithOneAction(story: Story, kind: 'deploy' | 'restart') {
  await reaches(story, 'resolved');
  const incident = await eventually(async () => {
    const found = await theIncident(story);
    const entries = await timeline(story.db, found.id);
    expect(entries.filter((entry) => entry.event.kind === 'postmortem_written')).toHaveLength(1);
    return found;
  }, patience);
  expect(incident).toMatchObject({ service: 'shop-api', state: 'resolved', resolution: 'automated' });
  const effects = (await story.system.shop.effects()).filter((effect) => effect.by === 'action');
  expect(effects).toHaveLength(1);
  expect(effects[0]).toMatchObject({ kind });
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
  expect((await story.system.shop.effects()).filter((effect) => effect.by === 'action')).toEqual([]);
  await step(story.db, id, { kind: 'acknowledged', by: 'ada' }, { actor: 'ada' });
  await story.system.shop.undo();
  await eventually(
    async () => expect(await story.db.query('SELECT 1 FROM anomaly WHERE ended_at IS NULL')).toEqual([]),
    patience,
  );
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

/** Each by itself: the sharper test, for who has six more minutes. */
const all = Boolean(process.env['NIGHTSHIFT_ALL_STORIES']);
const alone = all ? victims : [];

async function kill(story: Story, [victim, state]: (typeof victims)[number]) {
  if (state !== 'before') await reaches(story, state);
  await story.system.services.kill(victim);
}

describe.each(['Postgres', 'Redis'])('with the queue on %s', (backend) => {
  if (backend === 'Redis' && !redisAvailable())
    return it('was not run', (test) => test.skip('Redis is not on this machine: no redis-server was found'));

  describe('the shop', () => {
    it('gets a bad deployment rolled back', async () => {
      const story = await begin(backend);
      await story.system.shop.cause('bad-deploy');
      await endsWithOneAction(story, 'deploy');
    });

    it('is restarted after a crash', async () => {
      const story = await begin(backend);
      await story.system.shop.cause('crash');
      await endsWithOneAction(story, 'restart');
    });

    // On Redis it is told by the last story, in which escalation is killed on the way.
    it.runIf(all || backend === 'Postgres')('has a mystery, and a person is told everything', async () => {
      const story = await begin(backend);
      await story.system.shop.cause('mystery');
      await endsWithAPerson(story);
    });

    it('gets the same, and no more, from two of every worker', async () => {
      const story = await begin(backend, two);
      await story.system.shop.cause('bad-deploy');
      await endsWithOneAction(story, 'deploy');
    });

    it('gets the same, and no more, when every service is killed once in mid-incident', async () => {
      const story = await begin(backend);
      await story.system.shop.cause('bad-deploy');
      for (const victim of victims) await kill(story, victim);
      await endsWithOneAction(story, 'deploy');
      for (const [victim] of victims) expect(story.system.services.restarts(`${victim}-0`), victim).toBe(1);
    });

    it.each(alone)('gets the same, and no more, when %s is killed in mid-incident (%s)', async (...victim) => {
      const story = await begin(backend);
      await story.system.shop.cause('bad-deploy');
      await kill(story, victim);
      await endsWithOneAction(story, 'deploy');
      expect(story.system.services.restarts(`${victim[0]}-0`)).toBe(1);
    });

    it('has its page sent when escalation is killed while it is owed', async () => {
      const story = await begin(backend);
      await story.system.shop.cause('mystery');
      await reaches(story, 'escalated');
      await story.system.services.kill('escalation');
      await endsWithAPerson(story);
    });
  });
});
