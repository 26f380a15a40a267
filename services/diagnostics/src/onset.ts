import type { Incident } from '@nightshift/types';

const minute = 60_000;

/** How far back changes are listed. */
export const lookBackMs = 120 * minute;

/** A roll-out may be reported when it ends, a little after its first bad answers. */
const reportedLateMs = 30_000;

type Onset = Pick<Incident, 'onsetAt' | 'openedAt' | 'actedAt'>;

/**
 * Whether a change may have caused what began at the onset: it came shortly before, or was reported a moment after. Once something
 * was done about it, what came since it was opened may be the remedy itself.
 */
export function overlapsOnset(changedAt: number, { onsetAt, openedAt, actedAt }: Onset, windowMs: number): boolean {
  const late = onsetAt + reportedLateMs;
  return changedAt >= onsetAt - windowMs && changedAt <= (actedAt === null ? late : Math.min(late, openedAt));
}

/** Not below zero: a sender's clock may be ahead of ours. */
export const minutesBetween = (from: number, to: number): number =>
  Math.max(0, Math.round(((to - from) / minute) * 10) / 10);
