import type { JobHandler } from '@nightshift/queue';
import { decodeBatch, NightshiftError } from '@nightshift/types';
import { judge, judgeSignals } from '../judge.ts';
import { flush, latelyOurs, refuse, stillOurs, type Shard } from '../shard.ts';

/** A sample this far ahead of the database's clock would make its series deaf until then. */
const aheadMs = 60_000;
const retryMs = 500;

/** Judges one batch of a shard and commits what it found. Repeated, it changes nothing: every sample in it is a duplicate then. */
export const judgeSamples =
  (shard: Shard): JobHandler<'samples'> =>
  ({ batch }, { signal }) =>
    shard.exclusive(async () => {
      const samples = decodeBatch(batch);
      const { seriesIds, timestamps, values } = samples;
      const [now, names] = await whenReachable(signal, () =>
        Promise.all([timeOf(shard, timestamps, signal), shard.names.find(known(shard, seriesIds))]),
      );
      const config = shard.config();
      shard.detector.configure(config);
      const counts = new Map<string, number>();
      const count = (outcome: string) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      for (let i = 0; i < seriesIds.length; i++) {
        const id = seriesIds[i]!;
        const series = names.get(id);
        const at = Math.trunc(timestamps[i]!);
        if (!series || id % shard.shardCount !== shard.fence.shard)
          count(shard.refused.has(id) ? 'memory_limit' : 'unknown_series');
        else if (at > now + aheadMs) count('ahead');
        else if (series.inputs && !shard.signals.take(series, series.inputs, at, values[i]!)) {
          count('memory_limit');
          refuse(shard, series, at);
        } else {
          if (series.judged) judge(shard, series, at, values[i]!, count);
          else count('part');
        }
      }
      await whenReachable(signal, () => judgeSignals(shard, count));
      for (const [outcome, n] of counts) shard.metrics.samples.inc({ outcome }, n);
      await flush(shard);
      shard.recording.keep(samples);
    });

const known = ({ refused }: Shard, ids: Uint32Array) =>
  refused.size === 0 ? ids : ids.filter((id) => !refused.has(id));

/** The database's time, as good as new for samples of the present; what seems to be ahead of it is worth a question. */
async function timeOf(shard: Shard, timestamps: Float64Array, signal: AbortSignal): Promise<number> {
  const lately = await latelyOurs(shard, signal);
  return timestamps.some((at) => at > lately + aheadMs) ? stillOurs(shard, signal) : lately;
}

/** Waits for a database that is away as long as the job may: failing at once would use up the job's attempts in seconds. */
async function whenReachable<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof NightshiftError && error.code === 'DATABASE_UNAVAILABLE')) throw error;
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}
