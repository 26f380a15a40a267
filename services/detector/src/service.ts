import { join } from 'node:path';
import { only, type Db } from '@nightshift/db';
import { watchClassification, watchYaml, type Deps, type Running } from '@nightshift/runtime';
import { DetectionConfig, errorMessage, newId, NightshiftError } from '@nightshift/types';
import type { Config } from './config.ts';
import { followCatalogue } from './dependencies.ts';
import { derivedSeries } from './derived.ts';
import { verify } from './handlers/verify.ts';
import { holdShard } from './holding.ts';
import { startMembership } from './membership.ts';
import { memoryLimits, openMemory } from './memory.ts';
import { detectorMetrics } from './metrics.ts';
import { seriesNames } from './series.ts';

/** Judges the samples of the shards it owns, opens incidents, and verifies recovery. */
export async function startDetector(config: Config, deps: Deps): Promise<Running<'detector'>> {
  const { db, queue, log, common, kick } = deps;
  const detection = await watchYaml(join(common.NIGHTSHIFT_CONFIG_DIR, 'detection.yaml'), DetectionConfig, log);
  const catalogue = await followCatalogue(deps);
  const classification = await watchClassification(common.NIGHTSHIFT_CONFIG_DIR, log, { orShipped: true });
  const current = () => detection.current();
  const onError = (err: unknown) => {
    deps.metrics.countError(err instanceof NightshiftError ? err.code : 'INTERNAL');
    log.error({ err }, errorMessage(err));
  };
  const shardCount = await settleShards(db, config.SHARD_COUNT);
  const names = seriesNames(db, current);
  const memory = openMemory(memoryLimits(config.DETECTOR_MAX_SERIES, config.DETECTOR_STATE_MB));
  const parts = {
    db,
    queue,
    log,
    shardCount,
    kick,
    metrics: detectorMetrics(deps.metrics, memory.limits),
    memory,
    names,
    derived: derivedSeries(db, names, shardCount),
    config: current,
    dependencies: catalogue.dependencies,
    classification: () => classification.current(),
    snapshotMs: config.SNAPSHOT_SECONDS * 1_000,
    recordingLimits: { hours: config.KEEP_SAMPLES_HOURS, bytes: config.KEEP_SAMPLES_MB * 1024 * 1024, shardCount },
    onFenced: () => membership.abandon(),
  };
  const membership = startMembership({
    db,
    shardCount,
    memberId: newId('mbr'),
    hold: (shard, epoch) => holdShard(parts, { shard, epoch }, onError),
    onError,
  });
  return {
    stages: { verify: verify({ db, config: current }) },
    async close() {
      await membership.close();
      await Promise.all([detection.close(), catalogue.close(), classification.close()]);
    },
  };
}

/** The number of shards, and a row for each: what the very first start of the installation says (4 if it does not), the same ever after. */
async function settleShards(db: Db, wanted: number | undefined): Promise<number> {
  await db.query(
    `INSERT INTO setting (key, value, by) VALUES ('shard_count', to_jsonb($1::int), 'detector') ON CONFLICT (key) DO NOTHING`,
    [wanted ?? 4],
  );
  const settled = only(await db.query<{ value: number }>(`SELECT value FROM setting WHERE key = 'shard_count'`)).value;
  await db.query('INSERT INTO shard (shard) SELECT generate_series(0, $1::int - 1) ON CONFLICT DO NOTHING', [settled]);
  if (wanted === undefined || wanted === settled) return settled;
  throw new NightshiftError(
    'CONFIG_INVALID',
    `SHARD_COUNT is ${wanted}, but this installation was started with ${settled} shards and keeps them: set it to ${settled} or leave it out`,
  );
}
