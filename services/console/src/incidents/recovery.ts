import type { Recovery } from '../wire.ts';

export type Watched = { seriesId: number; metric: string; low: number; high: number };
export type Fresh = { seriesId: number; at: number; value: number };

/**
 * How far each series is on its way back: how many samples in a row, up to the newest, lie inside the band of before, and over how
 * long. Shown while recovery is being verified; the verdict itself is the detector's. `fresh` is in order of time. Pure.
 */
export function recoveryOf(watched: Watched[], fresh: Fresh[]): Recovery[] {
  return watched.map(({ seriesId, metric, low, high }) => {
    const mine = fresh.filter((point) => point.seriesId === seriesId);
    const lastBad = mine.findLastIndex(({ value }) => !(value >= low && value <= high));
    const clean = mine.slice(lastBad + 1);
    const lastAt = mine.at(-1)?.at ?? null;
    return {
      seriesId,
      metric,
      cleanSamples: clean.length,
      cleanMs: clean.length > 0 ? lastAt! - clean[0]!.at : 0,
      lastAt,
    };
  });
}
