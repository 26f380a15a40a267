import { startLoop } from '@nightshift/lifecycle';
import { followSilence } from './episodes.ts';
import { judgeSamples } from './handlers/samples.ts';
import { answerLooks } from './looks.ts';
import type { Holding } from './membership.ts';
import { prunePoints } from './points.ts';
import { prune } from './prune.ts';
import { Fenced, type Fence } from './publish.ts';
import {
  flush,
  hasNews,
  loadShard,
  noteEvidence,
  refreshWatched,
  stillOurs,
  type Shard,
  type ShardParts,
} from './shard.ts';
import { saveSnapshot } from './snapshot.ts';

const roundMs = 1_000;
const silenceMs = 5_000;
const pruneMs = 60_000;
const whyNotMs = 2_000;
/** Saving takes at most about this part of the time, however large a shard grows. */
const savingShare = 1 / 20;
const closeMs = { handover: 2_000, lost: 500 };

/** Works a shard: consumes its samples, looks for silence, saves. Until it is closed. */
export async function holdShard(parts: ShardParts, fence: Fence, onError: (error: unknown) => void): Promise<Holding> {
  const shard = await loadShard(parts, fence);
  const consumer = parts.queue.consume('samples', judgeSamples(shard), { shard: fence.shard });
  const save = saver(shard);
  const silence = every(silenceMs, () => lookForSilence(shard));
  const tidy = every(pruneMs, async () => {
    shard.signals.forget(await stillOurs(shard));
    shard.refused.clear();
    await prunePoints(parts.db, shard.watched);
    if (fence.shard === 0) await prune(parts.db);
  });
  const tellWhyNot = every(whyNotMs, () => shard.whyNot.flush(parts.db));
  const loop = startLoop({
    everyMs: roundMs,
    onError: (error) => (error instanceof Fenced ? undefined : onError(error)),
    round: () =>
      shard.exclusive(async () => {
        await stillOurs(shard);
        await refreshWatched(shard);
        await silence();
        await flush(shard);
        await answerLooks(shard);
        await tellWhyNot();
        await tidy();
        await save();
        parts.metrics.series.set({ shard: fence.shard }, shard.detector.size);
        parts.metrics.stateBytes.set({ shard: fence.shard }, shard.detector.bytes);
        parts.metrics.running.set({ shard: fence.shard }, shard.episodes.running.size);
        return 'idle' as const;
      }),
  });
  // Beside the work, not in it: nobody waits for a copy.
  const recorder = startLoop({ everyMs: roundMs, onError, round: () => shard.recording.write().then(() => 'idle') });
  return {
    async close(how) {
      await consumer.close(closeMs[how]);
      await loop.close();
      const recorded = recorder.close();
      if (how === 'handover') await recorded.then(() => shard.recording.write(true)).catch(onError);
      // News that is not committed must not be saved as seen: its job comes again, to the next owner.
      if (how === 'handover' && !hasNews(shard)) await shard.exclusive(() => save(true));
      shard.held.release();
      parts.metrics.series.remove({ shard: fence.shard });
      parts.metrics.stateBytes.remove({ shard: fence.shard });
      parts.metrics.running.remove({ shard: fence.shard });
      parts.metrics.waiting.remove({ shard: fence.shard });
    },
  };
}

/** Silent series become news, unless samples still wait in the queue: then it is we who are behind. */
async function lookForSilence(shard: Shard) {
  const at = await stillOurs(shard);
  const depth = await shard.queue.depth('samples', shard.fence.shard).catch(() => null);
  const jobs = depth ? depth.waiting + depth.active + depth.delayed : null;
  if (jobs !== null) shard.metrics.waiting.set({ shard: shard.fence.shard }, jobs);
  if (jobs !== 0) {
    shard.listeningSince = at;
    return;
  }
  shard.detector.configure(shard.config());
  const names = await shard.names.find(shard.detector.ids());
  const silent = shard.detector.silent(at, shard.listeningSince, (id) => names.get(id)?.rule);
  for (const silence of silent) {
    const series = names.get(silence.seriesId);
    if (!series) continue;
    followSilence(shard.episodes, series, at, silence);
    if (silence.state === 'no-data') noteEvidence(shard, series, at, silence.score);
  }
}

/** Saves what was learned when it is time, and when told to. */
function saver(shard: Shard): (atOnce?: boolean) => Promise<void> {
  let dueAt = performance.now() + shard.snapshotMs;
  return async (atOnce = false) => {
    const started = performance.now();
    if (!atOnce && (started < dueAt || hasNews(shard))) return;
    const bytes = await saveSnapshot(shard.db, shard.fence, shard);
    shard.metrics.snapshotBytes.set({ shard: shard.fence.shard }, bytes);
    const tookMs = performance.now() - started;
    dueAt = performance.now() + Math.max(shard.snapshotMs, tookMs / savingShare);
  };
}

function every(ms: number, work: () => Promise<void>): () => Promise<void> {
  let dueAt = performance.now() + ms;
  return async () => {
    if (performance.now() < dueAt) return;
    dueAt = performance.now() + ms;
    await work();
  };
}
