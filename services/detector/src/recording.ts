import { promisify } from 'node:util';
import { constants, deflateRaw } from 'node:zlib';
import type { Db } from '@nightshift/db';
import { encodeBatch, type Batch } from '@nightshift/types';
import type { DetectorMetrics } from './metrics.ts';
import type { Fence } from './publish.ts';

const deflate = promisify(deflateRaw);

/** What is kept of all shards together. */
export type RecordingLimits = { hours: number; bytes: number; shardCount: number };

/** Keeps the raw samples of a shard for backtests. A copy for convenience: when it fails, samples miss in it and nowhere else. */
export type Recording = {
  /** Takes note of a batch that was judged. Its arrays must not change any more. */
  keep(batch: Batch): void;
  /** Writes what is noted, when it is enough or old enough, and deletes what is too much. Throws where the database refuses. */
  write(atOnce?: boolean): Promise<void>;
};

/** A row holds so many samples, or those of so much time: few rows, and a kill loses little. */
const row = { samples: 50_000, ms: 10_000 };
/** What waits beyond this (4 MB) is not recorded: a slow database must not fill the memory. */
const mostWaiting = 200_000;
const pruneMs = 60_000;

export function startRecording(
  { db, metrics }: { db: Db; metrics: DetectorMetrics },
  fence: Fence,
  limits: RecordingLimits,
): Recording {
  let waiting: Batch[] = [];
  let [count, since, pruneAt] = [0, 0, performance.now()];
  return {
    keep(batch) {
      const { length } = batch.seriesIds;
      if (limits.hours === 0 || length === 0) return;
      if (count + length > mostWaiting) return metrics.recorded.inc({ outcome: 'lost' }, length);
      if (count === 0) since = performance.now();
      waiting.push(batch);
      count += length;
    },
    async write(atOnce = false) {
      const due = count >= row.samples || performance.now() - since >= row.ms;
      if (count > 0 && (atOnce || due)) {
        const [batches, samples] = [waiting, count];
        [waiting, count] = [[], 0];
        const written = await insert(db, fence, joined(batches, samples)).catch((error: unknown) => {
          metrics.recorded.inc({ outcome: 'lost' }, samples);
          throw error;
        });
        metrics.recorded.inc({ outcome: written ? 'kept' : 'lost' }, samples);
      }
      if (performance.now() < pruneAt) return;
      pruneAt = performance.now() + pruneMs;
      await prune(db, fence.shard, limits);
    },
  };
}

function joined(batches: Batch[], samples: number): Batch {
  const all = {
    seriesIds: new Uint32Array(samples),
    timestamps: new Float64Array(samples),
    values: new Float64Array(samples),
  };
  let at = 0;
  for (const { seriesIds, timestamps, values } of batches) {
    all.seriesIds.set(seriesIds, at);
    all.timestamps.set(timestamps, at);
    all.values.set(values, at);
    at += seriesIds.length;
  }
  return all;
}

/** Whether it was written: not if the shard is another's by now, who records what it judges. */
async function insert(db: Db, { shard, epoch }: Fence, batch: Batch): Promise<boolean> {
  const packed = await deflate(Buffer.from(encodeBatch(batch), 'base64'), { level: constants.Z_BEST_SPEED });
  const rows = await db.query(
    `INSERT INTO recorded_samples (shard, samples, bytes, batch)
     SELECT shard, $3, $4, $5 FROM shard WHERE shard = $1 AND epoch = $2 RETURNING id`,
    [shard, epoch, batch.seriesIds.length, packed.length, packed],
  );
  return rows.length > 0;
}

/** Deletes what is too old, and the oldest of what is beyond this shard's share of the bytes. */
async function prune(db: Db, shard: number, { hours, bytes, shardCount }: RecordingLimits): Promise<void> {
  await db.query(
    `DELETE FROM recorded_samples WHERE shard = $1 AND (
       recorded_at < nightshift_now() - $2 * interval '1 hour' OR id <= (
         SELECT max(id) FROM (
           SELECT id, sum(bytes) OVER (ORDER BY id DESC) AS newer FROM recorded_samples WHERE shard = $1) AS kept
          WHERE newer > $3))`,
    [shard, hours, bytes / shardCount],
  );
}
