import { now, only, type Db, type Tx } from '@nightshift/db';
import { silencesInForce } from '@nightshift/lifecycle';
import type { ClassificationRules, DetectionConfig } from '@nightshift/types';
import { writeEpisodes } from './anomaly-rows.ts';
import type { Dependencies } from './dependencies.ts';
import type { Episode } from './episodes.ts';
import { lockServices, settle, type Settled } from './incidents.ts';
import { insertPoints, type Point } from './points.ts';
import { keepEvidence } from './standing.ts';

/** What one shard has to tell: episodes that changed, and points of watched series. */
export type News = {
  episodes: Episode[];
  points: Point[];
  /** What the series of a service have shown within the window, as this shard has seen it. */
  evidence: (service: string, now: number) => number;
};

/** By which rules news is settled. */
export type Terms = {
  rule: DetectionConfig['composite'];
  dependencies: Dependencies;
  classification: ClassificationRules;
};

/** Somebody else owns the shard by now: nothing of this was written. */
export class Fenced extends Error {}

/** Who writes: the owner of a shard, at the epoch of its take-over. */
export type Fence = { shard: number; epoch: number };

/**
 * Commits news in one transaction, and draws the consequences for the services it is about. Anomalies whose last sample is
 * older than the window are history: a back-fill warms the detector and opens nothing. Returns what came of each service.
 */
export async function publish(
  db: Db,
  fence: Fence,
  news: News,
  { rule, dependencies, classification }: Terms,
): Promise<Map<string, Settled>> {
  let rowIds = new Map<number, number>();
  const outcome = await db.tx(async (tx) => {
    await assertOwner(tx, fence);
    const at = await now(tx);
    const isFresh = (episode: Episode) => episode.lastAt > at - rule.windowSeconds * 1_000;
    rowIds = await writeEpisodes(
      tx,
      news.episodes.filter((episode) => isFresh(episode) || episode.rowId !== null),
    );
    await insertPoints(tx, news.points);
    const fresh = news.episodes.filter((episode) => episode.endedAt === null && isFresh(episode));
    const settled = new Map<string, Settled>();
    const services = await lockServices(
      tx,
      fresh.map((episode) => episode.service),
    );
    await keepEvidence(tx, fence.shard, at, new Map(services.map((each) => [each, news.evidence(each, at)])));
    const silences = services.length > 0 ? await silencesInForce(tx) : [];
    // Causes before their symptoms: who depends on nothing that is in the news first.
    const depth = (service: string) => dependencies.of(service).filter((each) => services.includes(each)).length;
    for (const service of services.toSorted((a, b) => depth(a) - depth(b))) {
      const silent = fresh
        .filter((episode) => episode.service === service && episode.silent)
        .map((episode) => episode.metric);
      settled.set(service, await settle(tx, { service, at, rule, silent, dependencies, classification, silences }));
    }
    return settled;
  });
  for (const episode of news.episodes)
    if (episode.endedAt === null) episode.rowId ??= rowIds.get(episode.seriesId) ?? null;
  return outcome;
}

/** Throws Fenced unless this epoch is still the shard's; until the transaction ends nobody takes the shard over. */
async function assertOwner(tx: Tx, { shard, epoch }: Fence): Promise<void> {
  const rows = await tx.query<{ epoch: number }>('SELECT epoch FROM shard WHERE shard = $1 FOR SHARE', [shard]);
  const present = only(rows).epoch;
  if (present !== epoch) throw new Fenced(`shard ${shard} is at epoch ${present}, this detector holds epoch ${epoch}`);
}
