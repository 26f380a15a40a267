import { createDetector, createSignals } from '@nightshift/detection';
import { eventually, redisAvailable, startRedis, testDatabase } from '@nightshift/testkit';
import { DetectionConfig } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ground, type Ground } from './detector.fixture.ts';
import type { Episode } from './episodes.ts';
import { Fenced, publish } from './publish.ts';
import { saveSnapshot } from './snapshot.ts';

let shop: Ground;
beforeEach(async () => {
  shop = await ground(await testDatabase());
});
afterEach(() => shop?.close());

type Shard = { shard: number; epoch: number; owner: string | null; saved: boolean };
const shards = () =>
  shop.db.query<Shard>('SELECT shard, epoch, owner, state IS NOT NULL AS saved FROM shard ORDER BY shard');
const owners = async () => new Set((await shards()).flatMap((shard) => shard.owner ?? [])).size;
const epochs = async () => (await shards()).map((shard) => shard.epoch);
const opened = (service: string) =>
  shop.db.query<{ id: string }>('SELECT id FROM incident WHERE service = $1', [service]);
/** The bound that is promised for a take-over. */
const takeOver = { timeoutMs: 12_000 };

/** Two series of a service, one per shard. */
const pair = (service: string) =>
  Promise.all([shop.series(service, 'latency_ms', 0), shop.series(service, 'error_rate', 1)]);
/** Sends healthy samples and waits until what they taught is saved. */
async function teach(service: string) {
  const ids = await pair(service);
  const started = await shop.now();
  await shop.warm(ids);
  await eventually(async () => {
    expect(await shop.drained()).toBe(true);
    const rows = await shop.db.query<{ at: number }>('SELECT state_at AS at FROM shard WHERE state_at IS NOT NULL');
    expect(rows.filter((row) => row.at > started + 1_000)).toHaveLength(2);
  });
  return ids;
}
/** One sick sample of each is enough only for a detector that remembers what it or another has learned. */
async function expectDetection(service: string, ids: number[]) {
  const at = await shop.now();
  await shop.send(ids.map((id) => ({ id, at, value: 900 })));
  await eventually(async () => expect(await opened(service)).toHaveLength(1), takeOver);
}

describe('two detectors', () => {
  test('share the shards, and one takes over what the other had learned when it stops', async () => {
    const first = await shop.detector();
    await eventually(async () => expect(await epochs()).toEqual([1, 1]));
    const second = await shop.detector();
    await eventually(async () => expect(await owners()).toBe(2), takeOver);
    const ids = await teach('shared');
    await first.close();
    const stoppedAt = Date.now();
    await eventually(async () => expect(await owners()).toBe(1), takeOver);
    expect(Date.now() - stoppedAt).toBeLessThan(3_000);
    await expectDetection('shared', ids);
    await second.close();
    expect(await shop.db.query('SELECT id FROM member')).toEqual([]);
  });

  test('open one incident when each has seen a part of it', async () => {
    await Promise.all([shop.detector(), shop.detector()]);
    await eventually(async () => {
      expect(await shards()).toHaveLength(2);
      expect(await owners()).toBe(2);
    }, takeOver);
    await expectDetection('parted', await teach('parted'));
    await eventually(async () => {
      const linked = await shop.db.query(`SELECT DISTINCT incident_id FROM anomaly WHERE service = 'parted'`);
      expect(linked).toHaveLength(1);
    });
  });
});

test.skipIf(!redisAvailable())('over Redis as over Postgres: shared, detected, taken over', async () => {
  const redis = await startRedis();
  await shop.close();
  shop = await ground(await testDatabase(), 'schema: 1', redis.url);
  const first = await shop.detector();
  await shop.detector();
  await eventually(async () => expect(await owners()).toBe(2), takeOver);
  const ids = await teach('redis');
  await first.close();
  await eventually(async () => expect(await owners()).toBe(1), takeOver);
  await expectDetection('redis', ids);
  await shop.close();
  await redis.close();
});

describe('a detector', () => {
  test('goes on from its snapshot after a restart', async () => {
    const detector = await shop.detector();
    const ids = await teach('restarted');
    await detector.close();
    await shop.detector();
    await expectDetection('restarted', ids);
  });

  test('learns anew from a snapshot it cannot read, instead of refusing to work', async () => {
    const detector = await shop.detector();
    const ids = await teach('spoilt');
    await detector.close();
    await shop.db.query(`UPDATE shard SET state = 'spoilt'`);
    await shop.detector();
    await eventually(async () => expect(Math.min(...(await epochs()))).toBe(2));
    await shop.warm(ids);
    await expectDetection('spoilt', ids);
  });

  test('that loses its connection lets go of its shards and joins anew', async () => {
    await shop.detector();
    const ids = await teach('cut');
    await shop.db.query('SELECT pg_terminate_backend(pid) FROM member');
    await eventually(async () => expect(await epochs()).toEqual([2, 2]), takeOver);
    await expectDetection('cut', ids);
  });

  test('takes the shards of one that is stopped: connected, but without a heartbeat', async () => {
    const stopped = await shop.db.dedicated();
    const terminated = new Promise<void>((resolve) => stopped.on('end', resolve));
    await stopped.query(
      `INSERT INTO member (id, service, pid, beat_at) VALUES ('mbr-stopped', 'detector', pg_backend_pid(), clock_timestamp() - interval '4 seconds')`,
    );
    await stopped.query('SELECT pg_advisory_lock(20051, 0), pg_advisory_lock(20051, 1)');
    // It was stopped in the middle of a transaction of its own.
    await shop.db.query('INSERT INTO shard (shard) VALUES (0)');
    const writing = await shop.db.dedicated();
    const cut = new Promise<void>((resolve) => writing.on('end', resolve));
    await writing.query('BEGIN; SELECT 1 FROM shard WHERE shard = 0 FOR SHARE');
    await shop.detector();
    await eventually(async () => expect(await epochs()).toEqual([1, 1]), takeOver);
    await Promise.all([terminated, cut]);
  });

  test('leaves alone one that has the lock and lives', async () => {
    const living = await shop.db.dedicated();
    await living.query(
      `INSERT INTO member (id, service, pid, beat_at) VALUES ('mbr-living', 'detector', pg_backend_pid(), clock_timestamp() + interval '1 hour')`,
    );
    await living.query('SELECT pg_advisory_lock(20051, 0), pg_advisory_lock(20051, 1)');
    await shop.detector();
    // Ten beats of the newcomer show that it had every chance.
    const beats = new Set<number>();
    await eventually(async () => {
      const rows = await shop.db.query<{ at: number }>(`SELECT beat_at AS at FROM member WHERE id <> 'mbr-living'`);
      rows.forEach((row) => beats.add(row.at));
      expect(beats.size).toBeGreaterThan(4);
    });
    expect(await epochs()).toEqual([0, 0]);
    await living.end();
  });
});

describe('a verdict that comes too late', () => {
  const rule = DetectionConfig.parse({ schema: 1 }).composite;
  const episode = async (seriesId: number): Promise<Episode> => {
    const at = await shop.now();
    return {
      seriesId,
      service: 'late',
      metric: 'latency_ms',
      startedAt: at,
      lastAt: at,
      endedAt: null,
      value: 900,
      expected: 100,
      low: 90,
      high: 110,
      score: 9,
      severity: 'critical',
      direction: 'up',
      silent: false,
      reason: null,
      rowId: null,
    };
  };

  test('is fenced: after a take-over the former owner writes nothing', async () => {
    const ids = await Promise.all([0, 0].map(() => shop.series('late', 'latency_ms', 0)));
    await shop.db.query(`INSERT INTO shard (shard, epoch, owner) VALUES (0, 8, 'mbr-new')`);
    const news = { episodes: await Promise.all(ids.map(episode)), points: [], evidence: () => 0 };
    const terms = { rule, dependencies: { of: () => [], dependants: () => [] }, classification: [] };
    await expect(publish(shop.db, { shard: 0, epoch: 7 }, news, terms)).rejects.toThrow(Fenced);
    const learned = { detector: createDetector(DetectionConfig.parse({ schema: 1 })), signals: createSignals() };
    await expect(saveSnapshot(shop.db, { shard: 0, epoch: 7 }, learned)).rejects.toThrow(Fenced);
    expect(await shop.db.query('SELECT 1 FROM anomaly')).toEqual([]);
    expect(await opened('late')).toEqual([]);
    expect(await shards()).toMatchObject([{ saved: false }]);

    const settled = await publish(shop.db, { shard: 0, epoch: 8 }, news, terms);
    expect(settled).toEqual(new Map([['late', { outcome: 'opened', held: [] }]]));
  });

  test('by a worker that does not know it yet is handed to the owner', async () => {
    const detector = await shop.detector();
    const ids = await teach('usurped');
    // Somebody else takes over behind its back, and is gone again.
    await shop.db.query('UPDATE shard SET epoch = epoch + 1');
    await expectDetection('usurped', ids);
    expect(Math.min(...(await epochs()))).toBeGreaterThanOrEqual(3);
    await detector.close();
  });
});
