import { now, only, type Db } from '@nightshift/db';
import {
  createDetector,
  createSignals,
  evidenceWindow,
  type Detector,
  type EvidenceWindow,
  type Signals,
  type SignalSample,
} from '@nightshift/detection';
import type { Queue } from '@nightshift/queue';
import type { Logger } from '@nightshift/runtime';
import type { ClassificationRules, DetectionConfig } from '@nightshift/types';
import { runningEpisodes } from './anomaly-rows.ts';
import type { Dependencies } from './dependencies.ts';
import type { DerivedSeries } from './derived.ts';
import { noEpisodes, type Episode, type Episodes } from './episodes.ts';
import type { Memory } from './memory.ts';
import type { DetectorMetrics } from './metrics.ts';
import { findWatched, historyOf, insertPoints, type Point, type Watched } from './points.ts';
import { Fenced, publish, type Fence } from './publish.ts';
import { startRecording, type Recording, type RecordingLimits } from './recording.ts';
import type { SeriesInfo, SeriesNames } from './series.ts';
import { loadSnapshot } from './snapshot.ts';
import { whyNotLog, type WhyNotLog } from './why-not.ts';

/** What all shards of a process share. */
export type ShardParts = {
  db: Db;
  queue: Queue;
  log: Logger;
  metrics: DetectorMetrics;
  memory: Memory;
  names: SeriesNames;
  derived: DerivedSeries;
  config: () => DetectionConfig;
  dependencies: () => Dependencies;
  classification: () => ClassificationRules;
  shardCount: number;
  snapshotMs: number;
  recordingLimits: RecordingLimits;
  /** Incidents moved: their jobs should be offered at once. */
  kick: () => void;
  /** A write was refused because somebody else owns the shard. */
  onFenced: () => void;
};

/** A shard that this process owns: what it has learned, and the news it has not committed yet. */
export type Shard = ShardParts & {
  fence: Fence;
  detector: Detector;
  held: { release(): void };
  signals: Signals;
  /** Series that there is no room for; tried again each minute. */
  refused: Set<number>;
  /** Samples of derived series that have not been judged yet. */
  due: SignalSample[];
  episodes: Episodes;
  /** What the series of each service are out by, within the window. */
  evidence: Map<string, EvidenceWindow>;
  whyNot: WhyNotLog;
  watched: Watched;
  points: Point[];
  recording: Recording;
  /** The last answer to whether the shard is ours: the database's time, and when it came (performance.now()). */
  confirmed: { at: number; answeredAt: number };
  /** Since when this owner hears everything that is sent: before, silence means nothing. */
  listeningSince: number;
  /** Runs one piece of work at a time: what is learned, committed and saved stays consistent. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
};

/** Takes up a shard where its last owner left it. Without a readable snapshot it starts to learn anew. */
export async function loadShard(parts: ShardParts, fence: Fence): Promise<Shard> {
  const { db, log, config, memory, shardCount } = parts;
  const detector = createDetector(config(), memory);
  const signals = createSignals(memory);
  const restored = await loadSnapshot(db, fence.shard, { detector, signals }, (err) =>
    log.warn({ err, shard: fence.shard }, 'a snapshot cannot be read: this shard learns anew'),
  );
  const episodes = noEpisodes();
  for (const episode of await runningEpisodes(db, fence.shard, shardCount))
    episodes.running.set(episode.seriesId, episode);
  const held = memory.hold(detector);
  log.info({ shard: fence.shard, epoch: fence.epoch, restored, series: detector.size }, 'shard taken over');
  if (memory.series() < 0 || memory.bytes() < 0) log.warn({ shard: fence.shard }, `no new series: ${memory.full()}`);
  let last: Promise<unknown> = Promise.resolve();
  const listeningSince = await now(db);
  return {
    ...parts,
    fence,
    detector,
    held,
    signals,
    refused: new Set(),
    due: [],
    episodes,
    evidence: new Map(),
    whyNot: whyNotLog(),
    watched: new Map(),
    points: [],
    recording: startRecording(parts, fence, parts.recordingLimits),
    confirmed: { at: listeningSince, answeredAt: -Infinity },
    listeningSince,
    exclusive(work) {
      const mine = last.then(work);
      last = mine.catch(() => {});
      return mine;
    },
  };
}

/** How long an answer is believed by work that commits nothing by itself. Whoever was stopped for longer must ask again. */
const believedMs = 250;

/** As `stillOurs`, from the last answer where that is fresh: a question for every batch would cost more than the batch. */
export async function latelyOurs(shard: Shard, signal?: AbortSignal): Promise<number> {
  const sinceMs = performance.now() - shard.confirmed.answeredAt;
  return sinceMs < believedMs ? shard.confirmed.at + sinceMs : stillOurs(shard, signal);
}

/** The database's time; throws Fenced when the shard has another owner. */
export async function stillOurs(shard: Shard, signal?: AbortSignal): Promise<number> {
  const rows = await shard.db.query<{ at: number; epoch: number }>(
    'SELECT nightshift_now() AS at, epoch FROM shard WHERE shard = $1',
    [shard.fence.shard],
    signal,
  );
  const { at, epoch } = only(rows);
  if (epoch === shard.fence.epoch) {
    shard.confirmed = { at, answeredAt: performance.now() };
    return at;
  }
  shard.onFenced();
  throw new Fenced(`shard ${shard.fence.shard} is at epoch ${epoch}, this detector holds epoch ${shard.fence.epoch}`);
}

/** Notes what a series of a service is out by, for as long as the window is. */
export function noteEvidence(shard: Shard, { id, service }: SeriesInfo, at: number, score: number): void {
  let evidence = shard.evidence.get(service);
  if (!evidence)
    shard.evidence.set(service, (evidence = evidenceWindow(shard.config().composite.windowSeconds * 1_000)));
  evidence.note(id, at, score);
}

/** Takes no more notice of a series that there is no room for, and says so to who asks. */
export function refuse(shard: Shard, series: SeriesInfo, at: number): void {
  shard.refused.add(series.id);
  shard.names.forget(series.id);
  shard.whyNot.refused(series, at, shard.memory.full());
}

export const hasNews = (shard: Shard): boolean =>
  shard.episodes.changed.size > 0 || shard.points.length > 0 || shard.due.length > 0;

/** Commits the news. What is not committed is kept and goes with the next: a sample is judged only once. */
export async function flush(shard: Shard): Promise<void> {
  if (!hasNews(shard)) return;
  const rule = shard.config().composite;
  const episodes = [...shard.episodes.changed];
  if (shard.points.length === 0 && isHistory(episodes, (await latelyOurs(shard)) - rule.windowSeconds * 1_000)) {
    shard.episodes.changed.clear();
    return;
  }
  const news = {
    episodes,
    points: shard.points,
    evidence: (service: string, now: number) => shard.evidence.get(service)?.sum(now) ?? 0,
  };
  const terms = { rule, dependencies: shard.dependencies(), classification: shard.classification() };
  const settled = await publish(shard.db, shard.fence, news, terms).catch((error: unknown) => {
    if (error instanceof Fenced) shard.onFenced();
    throw error;
  });
  shard.episodes.changed.clear();
  shard.points = [];
  const at = Math.max(...news.episodes.map((episode) => episode.lastAt));
  for (const { held } of settled.values()) shard.whyNot.held(held, at);
  const outcomes = [...settled].map(([service, { outcome }]) => ({ service, outcome }));
  for (const { service, outcome } of outcomes) {
    shard.metrics.incidents.inc({ outcome });
    if (outcome === 'opened' || outcome === 'reopened') shard.log.info({ service, outcome }, 'incident');
  }
  if (outcomes.some(({ outcome }) => ['opened', 'reopened', 'joined', 'dependant'].includes(outcome))) {
    shard.kick();
    await refreshWatched(shard);
  }
}

/** Whether a transaction would write nothing of them: a back-fill has many such, one after the other. */
const isHistory = (episodes: Episode[], until: number) =>
  episodes.every((episode) => episode.rowId === null && episode.lastAt <= until);

/** Learns which series belong to incidents, and gives those that are new their history. */
export async function refreshWatched(shard: Shard): Promise<void> {
  const watched = await findWatched(shard.db, shard.fence.shard, shard.shardCount);
  await insertPoints(shard.db, historyOf(shard.detector, watched, shard.watched));
  shard.watched = watched;
}
