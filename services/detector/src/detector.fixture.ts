import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { now, type Db } from '@nightshift/db';
import { connectQueue, migrateQueue, type Queue } from '@nightshift/queue';
import { startService, type Started } from '@nightshift/runtime';
import { encodeBatch, newId, seriesKey } from '@nightshift/types';
import { Config } from './config.ts';
import { startDetector } from './service.ts';

const shardCount = 2;
const quiet = { info() {}, warn() {}, error() {}, debug() {} };

/** For tests: an installation with a database, a queue and a configuration, whose detectors are started by the test. */
export type Ground = {
  db: Db;
  queue: Queue;
  env: Record<string, string>;
  /** Starts a detector; it is closed with the ground if not before. */
  detector(): Promise<Started>;
  /** Registers a series of a service on a shard; returns its id. */
  series(service: string, name: string, shard?: number): Promise<number>;
  /** Sends samples of one shard as ingest does. */
  send(samples: Sent[], options?: { id?: string }): Promise<void>;
  /** Sends 40 healthy samples of each series, two seconds apart, the last one two seconds before `until` (default: now). */
  warm(seriesIds: number[], until?: number): Promise<void>;
  now(): Promise<number>;
  /** Resolves when every sample that was sent has been judged. */
  drained(): Promise<boolean>;
  close(): Promise<void>;
};

export type Sent = { id: number; at: number; value: number };

/** 100, give or take one: what a healthy series sends. */
export const healthyValue = (i: number): number => 100 + Math.sin(i * 1.7);

type Database = { db: Db; url: string; close(): Promise<void> };

export async function ground(database: Database, detectionYaml = 'schema: 1', queueUrl?: string): Promise<Ground> {
  const { db, url } = database;
  if (!queueUrl) await migrateQueue(url);
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-detector-'));
  await writeFile(join(folder, 'detection.yaml'), detectionYaml);
  const queue = connectQueue({ url: queueUrl ?? url, name: 'test', log: quiet });
  const env = {
    DATABASE_URL: url,
    QUEUE_URL: queueUrl ?? url,
    NIGHTSHIFT_SECRET: 'a secret of the tests',
    NIGHTSHIFT_CONFIG_DIR: folder,
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
    SHARD_COUNT: String(shardCount),
    SNAPSHOT_SECONDS: '0.2',
  };
  const detectors = new Set<Started>();
  let closed = false;

  const made: Ground = {
    db,
    queue,
    env,
    async detector() {
      const started = await startService({ name: 'detector', config: Config, start: startDetector }, env);
      const detector = {
        ...started,
        async close() {
          if (detectors.delete(detector)) await started.close();
        },
      };
      detectors.add(detector);
      return detector;
    },
    async series(service, name, shard = 0) {
      // Ids are given in turn: those of the other shards stay unused.
      for (;;) {
        const labels = { service, instance: newId('mbr') };
        const [row] = await db.query<{ id: number }>(
          `INSERT INTO series (key, name, labels, service) VALUES ($1, $2, $3, $4) RETURNING id`,
          [seriesKey(name, labels), name, labels, service],
        );
        if (row!.id % shardCount === shard) return row!.id;
        await db.query('DELETE FROM series WHERE id = $1', [row!.id]);
      }
    },
    async send(samples, options = {}) {
      for (let shard = 0; shard < shardCount; shard++) {
        const mine = samples.filter((sample) => sample.id % shardCount === shard);
        if (mine.length === 0) continue;
        const batch = encodeBatch({
          seriesIds: Uint32Array.from(mine, (sample) => sample.id),
          timestamps: Float64Array.from(mine, (sample) => sample.at),
          values: Float64Array.from(mine, (sample) => sample.value),
        });
        await queue.send('samples', { v: 1, shard, batch }, { id: options.id ?? newId('mbr'), shard });
      }
    },
    async warm(seriesIds, until) {
      const end = until ?? (await made.now());
      await made.send(
        seriesIds.flatMap((id) =>
          Array.from({ length: 40 }, (_, i) => ({ id, at: end - (40 - i) * 2_000, value: healthyValue(i) })),
        ),
      );
    },
    now: () => now(db),
    async drained() {
      for (let shard = 0; shard < shardCount; shard++) {
        const { waiting, active, delayed } = await queue.depth('samples', shard);
        if (waiting + active + delayed > 0) return false;
      }
      return true;
    },
    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([...detectors].map((detector) => detector.close()));
      await queue.close();
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
  return made;
}
