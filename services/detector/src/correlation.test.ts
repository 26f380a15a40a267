import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addSilence, endSilence, readBreaches, timeline } from '@nightshift/lifecycle';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';
import { prune } from './prune.ts';

const catalogue = `
schema: 1
services:
  - { name: web, dependsOn: [api] }
  - { name: api, dependsOn: [database] }
  - { name: database }
`;

/** Of the database, what is slow is what is exhausted. */
const classification = `
schema: 1
rules:
  - { id: slow-database, type: resource_exhaustion, metrics: [latency], labels: { service: database } }
`;

let shop: Ground;
beforeAll(async () => {
  shop = await ground(await testDatabase());
  await writeFile(join(shop.env['NIGHTSHIFT_CONFIG_DIR']!, 'catalogue.yaml'), catalogue);
  await writeFile(join(shop.env['NIGHTSHIFT_CONFIG_DIR']!, 'classification.yaml'), classification);
  await shop.detector();
});
afterAll(() => shop?.close());

const incidents = (service: string) =>
  shop.db.query<{ id: string; type: string }>('SELECT id, type FROM incident WHERE service = $1', [service]);
const events = async (incidentId: string) => (await timeline(shop.db, incidentId)).map((entry) => entry.event);

/** Makes two series of a service that are warmed up. */
async function two(service: string) {
  const ids = await Promise.all(['http_error_rate', 'latency_ms'].map((name, i) => shop.series(service, name, i)));
  await shop.warm(ids);
  return ids;
}
const breach = async (ids: number[]) => {
  const at = await shop.now();
  await shop.send(ids.map((id) => ({ id, at, value: 500 })));
};

describe('services that depend on each other', () => {
  test('a symptom joins the incident of its cause, which is classified by its own signals and the rules in force', async () => {
    const [database, web] = await Promise.all([two('database'), two('web')]);
    await breach(database);
    const incident = await eventually(async () => {
      const [row] = await incidents('database');
      expect(row).toBeDefined();
      return row!;
    });
    expect(incident.type).toBe('resource_exhaustion');
    expect((await events(incident.id))[0]).toMatchObject({
      kind: 'opened',
      type: 'resource_exhaustion',
      rule: 'slow-database',
      conditions: [
        { condition: 'a signal called latency', actual: 'latency_ms', holds: true },
        { condition: 'label service=database', actual: 'database', holds: true },
      ],
    });
    await breach(web);
    await eventually(async () => {
      const joined = (await events(incident.id)).filter((event) => event.kind === 'anomaly_joined');
      expect(joined).toMatchObject([{ service: 'web' }, { service: 'web' }]);
    });
    expect(await incidents('web')).toEqual([]);
    expect(await shop.db.query('SELECT 1 FROM anomaly WHERE incident_id = $1', [incident.id])).toHaveLength(4);
  });

  test('a symptom that came first is told whose it may be, when the cause opens its own', async () => {
    await shop.db.query(`UPDATE incident SET state = 'closed'`);
    await shop.db.query(`UPDATE anomaly SET ended_at = nightshift_now()`);
    const [api, database] = await Promise.all([two('api'), two('database')]);
    await breach(api);
    const symptom = await eventually(async () => {
      const [row] = await incidents('api');
      expect(row).toBeDefined();
      return row!;
    });
    await breach(database);
    await eventually(async () => {
      const named = (await events(symptom.id)).findLast((event) => event.kind === 'suspects');
      const suspect = { service: 'database', incidentId: expect.stringMatching(/^inc/) as string };
      expect(named?.suspects[0]).toMatchObject(suspect);
    });
  });
});

describe('what a person has silenced', () => {
  test('opens nothing and can be asked; still firing when the silence ends, it opens with its next sample', async () => {
    const ids = await two('cart');
    const endsAt = Math.round(await shop.now()) + 3_600_000;
    const silence = await addSilence(shop.db, { service: 'cart', labels: {}, endsAt, reason: 'upgrade' }, 'Ada');
    await breach(ids);
    await eventually(async () => {
      const held = await readBreaches(shop.db, { service: 'cart', sinceMs: 60_000 });
      const silenced = held.filter(({ because }) => because === 'silenced');
      expect(silenced).toHaveLength(2);
      expect(silenced[0]!.detail).toContain(`silence ${silence.id} of Ada`);
    });
    expect(await incidents('cart')).toEqual([]);
    await endSilence(shop.db, silence.id, 'Ada');
    await breach(ids);
    await eventually(async () => expect(await incidents('cart')).toHaveLength(1));
  });

  test('a single breach says that its evidence is not enough', async () => {
    const [id] = await two('lonely');
    await breach([id!]);
    await eventually(async () => {
      const [held] = await readBreaches(shop.db, { service: 'lonely', sinceMs: 60_000 });
      expect(held).toMatchObject({
        because: 'below_evidence',
        detail: expect.stringContaining('that it takes') as string,
      });
    });
  });
});

test('anomalies that ended long ago are forgotten, but for those of incidents that are not closed', async () => {
  const [id] = await two('old');
  const put = (incidentId: string | null, daysAgo: number) =>
    shop.db.query(
      `INSERT INTO anomaly (series_id, service, incident_id, started_at, last_at, ended_at, value, expected, low, high, score, severity, direction)
       SELECT $1, 'old', $2, t, t, t, 1, 1, 1, 1, 1, 'warning', 'up' FROM (SELECT nightshift_now() - $3 * interval '1 day' AS t) AS at`,
      [id, incidentId, daysAgo],
    );
  const [open] = await shop.db.query<{ id: string }>(`SELECT id FROM incident WHERE service = 'cart'`);
  for (const [incidentId, days] of [
    [null, 91],
    [open!.id, 91],
    [null, 1],
  ] as const)
    await put(incidentId, days);
  await prune(shop.db);
  const kept = await shop.db.query<{ incident: string | null }>(
    `SELECT incident_id AS incident FROM anomaly WHERE service = 'old' ORDER BY id`,
  );
  expect(kept.map(({ incident }) => incident)).toEqual([open!.id, null]);
});
