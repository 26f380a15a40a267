import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateQueue } from '@nightshift/queue';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from './ingest.fixture.ts';

const catalogue = (selectors: string) => `schema: 1\nservices:\n  - name: checkout\n    selectors: ${selectors}\n`;

describe('whose a series or an alert is', () => {
  let database: TestDatabase;
  let folder: string;
  let ingest: TestIngest;
  const write = (selectors: string) => writeFile(join(folder, 'catalogue.yaml'), catalogue(selectors));
  beforeAll(async () => {
    [database, folder] = await Promise.all([testDatabase(), mkdtemp(join(tmpdir(), 'nightshift-ingest-'))]);
    await Promise.all([migrateQueue(database.url), write('[{ namespace: shop, app: "checkout*" }]')]);
    const env = { NIGHTSHIFT_CONFIG_DIR: folder };
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url, env });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
    await rm(folder, { recursive: true });
  });
  const send = async (name: string, labels: object) => {
    await ingest.post('/v1/samples', { samples: [{ name, value: 1, timestamp: Date.now(), labels }] });
    const [row] = await database.db.query('SELECT service FROM series WHERE name = $1', [name]);
    return row?.['service'];
  };

  it('is told by the selectors of the catalogue, else by its own labels', async () => {
    expect(await send('one', { namespace: 'shop', app: 'checkout-v2', job: 'kubelet' })).toBe('checkout');
    expect(await send('two', { namespace: 'shop', app: 'web', job: 'kubelet' })).toBe('kubelet');
    const labels = { alertname: 'TooSlow', namespace: 'shop', app: 'checkout', severity: 'critical' };
    const startsAt = new Date().toISOString();
    expect((await ingest.post('/api/v2/alerts', [{ labels, startsAt }])).status).toBe(200);
    expect(await database.db.query(`SELECT service FROM alert WHERE name = 'TooSlow'`)).toEqual([
      { service: 'checkout' },
    ]);
  });

  it('follows an edit, for series that are new', async () => {
    await write('[{ team: pay }]');
    let n = 0;
    await eventually(async () => expect(await send(`edited_${n++}`, { team: 'pay' })).toBe('checkout'));
  });
});
