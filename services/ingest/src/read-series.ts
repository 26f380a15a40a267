import type { Batch } from '@nightshift/types';
import { seriesRefusal, timeRefusal, windowAt, type Refusal, type RefusalReason, type Window } from './check.ts';
import type { SenderSeries } from './series.ts';
import { giveId, type WireBatch, type WireSeries } from './wire/series.ts';

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
export type Remember = (key: Uint8Array, id: number) => void;

/** Checks decoded series and finds their ids: name and labels once for each series that is not known, times of every sample. */
export async function readSeries(
  wire: WireBatch,
  at: number,
  registry: SenderSeries,
  remember?: Remember,
): Promise<ReadSeries> {
  const refused: Refusals = { total: 0, byReason: new Map(), first: undefined, points: new Set() };
  await identify(wire, registry, remember);
  const window = windowAt(at);
  for (const series of wire.series) refuseRows(wire, series, window, refused);

  const { ids, timestamps, values } = wire;
  const rows = ids.length;
  const batch = {
    seriesIds: new Uint32Array(rows),
    timestamps: new Float64Array(rows),
    values: new Float64Array(rows),
  };
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const id = ids[row]!;
    const timestamp = timestamps[row]!;
    if (id === 0) continue;
    if (timestamp < window.oldest || timestamp > window.newest) {
      refuse(refused, anonymous, timeRefusal(timestamp, window)!, 1);
      continue;
    }
    batch.seriesIds[count] = id;
    batch.timestamps[count] = timestamp;
    batch.values[count] = values[row]!;
    count += 1;
  }
  return { batch, count, refused };
}

/** A series that was known by its bytes has no name here. */
const anonymous = { name: '', point: undefined };

/** Takes out the rows of a series that was refused, or whose times are off, and says why. */
function refuseRows({ ids, timestamps }: WireBatch, series: WireSeries, window: Window, refused: Refusals): void {
  const { from, to, refusal } = series;
  if (refusal) return refuse(refused, series, refusal, to - from);
  for (let row = from; row < to; row++) {
    const why = timeRefusal(timestamps[row]!, window);
    if (!why) continue;
    refuse(refused, series, why, 1);
    ids[row] = 0;
  }
}

/** Gives the rows of each series its id, or the series the reason why it has none. */
async function identify(wire: WireBatch, registry: SenderSeries, remember?: Remember): Promise<void> {
  const settle = (each: WireSeries, id: number) => {
    giveId(wire, each.from, id, each.to);
    if (each.key !== undefined) remember?.(each.key, id);
  };
  const unknown: WireSeries[] = [];
  for (const each of wire.series) {
    // Without a sample there is nothing to know it for.
    if (each.refusal || each.from === each.to) continue;
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

function refuse(
  refused: Refusals,
  { name, point }: Pick<WireSeries, 'name' | 'point'>,
  why: Refusal,
  samples: number,
): void {
  if (samples === 0) return;
  refused.total += samples;
  refused.byReason.set(why.reason, (refused.byReason.get(why.reason) ?? 0) + samples);
  if (point !== undefined) refused.points.add(point);
  refused.first ??= { ...why, name };
}
