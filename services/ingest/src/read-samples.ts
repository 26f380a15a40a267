import type { Batch, Labels } from '@nightshift/types';
import { isRecord, refusalOf, windowAt, type CheckedSample, type Refusal, type Window } from './check.ts';
import type { SenderSeries } from './series.ts';

export type IndexedRefusal = Refusal & { index: number };

/** What a request's samples came to: the good ones packed in the order sent, and why the others were refused. */
export type ReadSamples = { batch: Batch; count: number; refused: IndexedRefusal[] };

const none: Labels = Object.freeze({});

/**
 * Checks samples from outside and finds the id of their series. One of a series seen before needs no more than its types, its
 * finite value and its time looked at: name and labels were checked then.
 */
export async function readSamples(
  samples: readonly unknown[],
  at: number,
  registry: SenderSeries,
): Promise<ReadSamples> {
  const window = windowAt(at);
  const seriesIds = new Uint32Array(samples.length);
  const timestamps = new Float64Array(samples.length);
  const values = new Float64Array(samples.length);
  const refused: IndexedRefusal[] = [];
  const unknown: { row: number; index: number; name: string; labels: Labels }[] = [];
  let count = 0;

  for (let index = 0; index < samples.length; index++) {
    const raw = samples[index];
    const id = knownId(raw, window, registry);
    if (id === undefined) {
      const refusal = refusalOf(raw, window);
      if (refusal) {
        refused.push({ index, ...refusal });
        continue;
      }
      const { name, labels } = raw as CheckedSample;
      unknown.push({ row: count, index, name, labels: labels ?? none });
    }
    const sample = raw as CheckedSample;
    seriesIds[count] = id ?? 0;
    timestamps[count] = sample.timestamp;
    values[count] = sample.value;
    count += 1;
  }

  const batch = { seriesIds, timestamps, values };
  if (unknown.length === 0) return { batch, count, refused };
  const ids = await registry.resolve(unknown);
  let someRefused = false;
  unknown.forEach(({ row, index, name, labels }, i) => {
    const id = ids[i]!;
    if (typeof id !== 'number') {
      someRefused = true;
      refused.push({ index, ...id });
      return;
    }
    registry.recent.put(name, labels, id);
    seriesIds[row] = id;
  });
  if (!someRefused) return { batch, count, refused };
  refused.sort((a, b) => a.index - b.index);
  return { batch, count: dropWithoutId(batch, count), refused };
}

/** The id of a sample whose types, value and time are right and whose series is known in memory; undefined for any other. */
function knownId(raw: unknown, { oldest, newest }: Window, { recent }: SenderSeries): number | undefined {
  if (!isRecord(raw)) return undefined;
  const { name, value, timestamp, labels = none } = raw as Record<keyof CheckedSample, unknown>;
  if (typeof name !== 'string' || typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (typeof timestamp !== 'number' || !Number.isInteger(timestamp)) return undefined;
  if (timestamp < oldest || timestamp > newest || !isRecord(labels)) return undefined;
  return recent.find(name, labels);
}

/** Closes the gaps of rows whose series got no id (0); returns how many are left. */
function dropWithoutId({ seriesIds, timestamps, values }: Batch, count: number): number {
  let kept = 0;
  for (let row = 0; row < count; row++) {
    if (seriesIds[row] === 0) continue;
    seriesIds[kept] = seriesIds[row]!;
    timestamps[kept] = timestamps[row]!;
    values[kept] = values[row]!;
    kept += 1;
  }
  return kept;
}
