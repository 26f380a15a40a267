import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { timeline } from '@nightshift/lifecycle';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';

const catalogue = `
schema: 1
services:
  - { name: web, dependsOn: [api] }
  - { name: api, dependsOn: [database] }
  - { name: database }
`;

let shop: Ground;
beforeAll(async () => {
  shop = await ground(await testDatabase());
  await writeFile(join(shop.env['NIGHTSHIFT_CONFIG_DIR']!, 'catalogue.yaml'), catalogue);
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
  test('a symptom joins the incident of its cause, which keeps its own type, and says whose it is', async () => {
    const [database, web] = await Promise.all([two('database'), two('web')]);
    await breach(database);
    const incident = await eventually(async () => {
      const [row] = await incidents('database');
      expect(row).toBeDefined();
      return row!;
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
