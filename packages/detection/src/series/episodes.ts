import type { SharedColumns } from './columns.ts';

const second = 1_000;
/** An episode is over when its series was calm for this long, or for three of its steps if that is longer. */
const calmMs = 60 * second;
const calmSteps = 3;

export const calmFor = (columns: SharedColumns, row: number): number =>
  Math.max(calmMs, calmSteps * columns.stepMs[row]!);

/** Follows harmful episodes, which end after a calm time. Returns since when one is on; null: none is. */
export function followEpisode(columns: SharedColumns, row: number, at: number, harmful: boolean): number | null {
  const on = columns.harmAt[row]! > 0 && at - columns.harmAt[row]! <= calmFor(columns, row);
  if (harmful) {
    if (!on) columns.episodeAt[row] = at;
    columns.harmAt[row] = at;
  }
  return on || harmful ? columns.episodeAt[row]! : null;
}
