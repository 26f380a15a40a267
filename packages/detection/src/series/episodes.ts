import type { Verdict } from '../detector.ts';
import type { Rule } from '../rules.ts';
import type { SharedColumns } from './columns.ts';

const second = 1_000;
/** An episode is over when its series was calm for this long, or for three of its steps if that is longer. */
const calmMs = 60 * second;
const calmSteps = 3;

export const calmFor = (columns: SharedColumns, row: number): number =>
  Math.max(calmMs, calmSteps * columns.stepMs[row]!);

/**
 * Follows harmful episodes, which end after a calm time, and says in the verdict since when one is on. What has not yet been
 * outside for as long as the rule wants, without a sample inside, is none yet; when it has, the episode began with the first.
 */
export function followEpisode(
  columns: SharedColumns,
  row: number,
  at: number,
  elapsedMs: number,
  verdict: Verdict,
  rule: Rule,
): void {
  const outside = verdict.state === 'anomalous';
  if (!outside) columns.outsideAt[row] = 0;
  else if (columns.outsideAt[row] === 0 || elapsedMs > calmFor(columns, row)) columns.outsideAt[row] = at;
  const brief = outside && at - columns.outsideAt[row]! < rule.minDurationSeconds * second;
  const harmful = outside && !brief;
  const on = columns.harmAt[row]! > 0 && at - columns.harmAt[row]! <= calmFor(columns, row);
  if (harmful) {
    if (!on) columns.episodeAt[row] = columns.outsideAt[row]!;
    columns.harmAt[row] = at;
  }
  verdict.episodeAt = on || harmful ? columns.episodeAt[row]! : null;
  if (brief) Object.assign(verdict, { state: 'normal', alarm: false, severity: undefined, because: 'duration' });
  // The sample that set off the alarm came too early to be one.
  else if (harmful && !on && rule.minDurationSeconds > 0) verdict.alarm = true;
}
