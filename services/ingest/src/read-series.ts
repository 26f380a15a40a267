import { inputLimits, type Batch } from '@nightshift/types';
import { seriesRefusal, timeRefusal, type Refusal, type RefusalReason, type Window } from './check.ts';
import type { SenderSeries } from './series.ts';
import type { WireBatch, WireSeries } from './wire/series.ts';

/** How many samples were refused, by reason, and one that was: enough to explain, whatever was sent. */
export type Refusals = {
  total: number;
  byReason: Map<RefusalReason, number>;
  first: Refused | undefined;
  /** The data points of which something was refused. */
  points: Set<number>;
};
type Refused = Refusal & { name: string };

export type ReadSeries = { batch: Batch; count: number; refused: Refusals };

/** Tells of the id of a series whose bytes may come again. */
export type Remember = (key: string, id: number) => void;

/** Checks decoded series and finds their ids: name and labels once for each series that is not known, times of every sample. */
export async function readSeries(
  wire: WireBatch,
  at: number,
  registry: SenderSeries,
  remember?: Remember,
): Promise<ReadSeries> {
  const refused: Refusals = { total: 0, byReason: new Map(), first: undefined, points: new Set() };
  await identify(wire.series, registry, remember);

  const window: Window = { oldest: at - inputLimits.sampleAgeMs, newest: at + inputLimits.sampleAheadMs };
  const batch = {
    seriesIds: new Uint32Array(wire.values.length),
    timestamps: new Float64Array(wire.values.length),
    values: new Float64Array(wire.values.length),
  };
  let count = 0;
  for (const series of wire.series) {
    if (series.refusal || series.id === undefined) {
      if (series.refusal) refuse(refused, series, series.refusal, series.to - series.from);
      continue;
    }
    for (let row = series.from; row < series.to; row++) {
      const timestamp = wire.timestamps[row]!;
      if (timestamp < window.oldest || timestamp > window.newest) {
        refuse(refused, series, timeRefusal(timestamp, window)!, 1);
        continue;
      }
      batch.seriesIds[count] = series.id;
      batch.timestamps[count] = timestamp;
      batch.values[count] = wire.values[row]!;
      count += 1;
    }
  }
  return { batch, count, refused };
}

/** Gives each series its id, or the reason why it has none. */
async function identify(series: WireSeries[], registry: SenderSeries, remember?: Remember): Promise<void> {
  const settle = (each: WireSeries, id: number) => {
    each.id = id;
    if (each.key !== undefined) remember?.(each.key, id);
  };
  const unknown: WireSeries[] = [];
  for (const each of series) {
    // Without a sample there is nothing to know it for.
    if (each.id !== undefined || each.refusal || each.from === each.to) continue;
    const id = registry.recent.find(each.name, each.labels);
    if (id !== undefined) settle(each, id);
    else {
      each.refusal = seriesRefusal(each.name, each.labels);
      if (!each.refusal) unknown.push(each);
    }
  }
  if (unknown.length === 0) return;
  const ids = await registry.resolve(unknown);
  unknown.forEach((each, i) => {
    const id = ids[i]!;
    if (typeof id !== 'number') {
      each.refusal = id;
      return;
    }
    registry.recent.put(each.name, each.labels, id);
    settle(each, id);
  });
}

function refuse(refused: Refusals, { name, point }: WireSeries, why: Refusal, samples: number): void {
  if (samples === 0) return;
  refused.total += samples;
  refused.byReason.set(why.reason, (refused.byReason.get(why.reason) ?? 0) + samples);
  if (point !== undefined) refused.points.add(point);
  refused.first ??= { ...why, name };
}
