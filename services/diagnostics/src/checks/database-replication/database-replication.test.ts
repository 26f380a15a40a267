import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDb, type Db } from '@nightshift/db';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@nightshift/db/embedded';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabases, type Databases } from '../../databases.ts';
import { context } from '../../stand-ins.ts';
import { databaseReplication } from './database-replication.ts';

/** A real primary and a real standby that streams from it. */
let folder: string;
let primary: EmbeddedPostgres;
let standby: EmbeddedPostgres;
let databases: Databases;
let writer: Db;
let reader: Db;
beforeAll(async () => {
  databases = openDatabases(() => {});
  folder = await mkdtemp(join(tmpdir(), 'nightshift-replication-'));
  await chmod(folder, 0o711); // as root, the servers run as another user
  const first = await startEmbeddedPostgres({ dir: join(folder, 'primary'), durable: false });
  await first.stop();
  await promisify(execFile)('cp', ['-a', first.dir, join(folder, 'standby')]); // with owners and modes
  primary = await startEmbeddedPostgres({ dir: join(folder, 'primary'), durable: false });
  const data = join(folder, 'standby', 'data');
  await writeFile(join(data, 'standby.signal'), '');
  const conf = await readFile(join(data, 'postgresql.auto.conf'), 'utf8');
  await writeFile(join(data, 'postgresql.auto.conf'), `${conf}\nprimary_conninfo = '${primary.url}'\n`);
  standby = await startEmbeddedPostgres({ dir: join(folder, 'standby'), durable: false });
  writer = openDb({ url: primary.url, name: 'writer', max: 1 });
  reader = openDb({ url: standby.url, name: 'reader', max: 1 });
}, 60_000);
afterAll(async () => {
  await Promise.all([databases?.close(), writer?.close(), reader?.close()]);
  await standby?.stop();
  await primary?.stop();
  await rm(folder, { recursive: true, force: true });
});

const look = (server: EmbeddedPostgres) =>
  databaseReplication.run(
    context({
      subject: { id: 'shop-db', kind: 'postgres', urlEnv: 'SHOP_DB_URL', actions: [] },
      databases,
      env: { SHOP_DB_URL: server.url },
    }),
  );

describe('database_replication', () => {
  it('is ok while the standby follows, seen from either side', async () => {
    await expect.poll(async () => (await look(primary)).facts.replicas, { timeout: 20_000 }).toBe(1);
    expect(await look(primary)).toMatchObject({ status: 'ok', facts: { isReplica: false, inactiveSlots: 0 } });
    await expect.poll(async () => (await look(standby)).facts.maxLagBytes, { timeout: 20_000 }).toBe(0);
    expect(await look(standby)).toMatchObject({ status: 'ok', facts: { isReplica: true, maxLagMs: 0 } });
  });

  it('measures how far a standby that stands still falls behind, on both sides', async () => {
    await writer.query('CREATE TABLE filler (text text)');
    await expect.poll(() => reader.query(`SELECT to_regclass('filler') AS there`)).toEqual([{ there: 'filler' }]);
    await reader.query('SELECT pg_wal_replay_pause()');
    await writer.query(`INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 5000)`);
    await expect
      .poll(async () => (await look(primary)).facts.maxLagBytes, { timeout: 20_000 })
      .toBeGreaterThan(5_000_000);
    await expect
      .poll(async () => (await look(standby)).facts.maxLagBytes, { timeout: 20_000 })
      .toBeGreaterThan(5_000_000);
    expect((await look(standby)).facts.maxLagMs).toBeGreaterThan(0);
    await reader.query('SELECT pg_wal_replay_resume()');
    await expect.poll(async () => (await look(standby)).facts.maxLagBytes, { timeout: 20_000 }).toBe(0);
  });

  it('counts slots that nobody reads', async () => {
    await writer.query(`SELECT pg_create_physical_replication_slot('forgotten', true)`);
    const { facts } = await look(primary);
    expect(facts.inactiveSlots).toBe(1);
    expect(facts.retainedBytes).toBeGreaterThanOrEqual(0);
  });
});
