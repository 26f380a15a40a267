const minute = 60_000;

/** How far back changes are listed. */
export const lookBackMs = 120 * minute;

/** A roll-out may be reported when it ends, a little after its first bad answers. */
const reportedLateMs = 30_000;

/** Whether a change may have caused what began at `onsetAt`: it came shortly before, or was reported a moment after. */
export const overlapsOnset = (changedAt: number, onsetAt: number, windowMs: number): boolean =>
  changedAt >= onsetAt - windowMs && changedAt <= onsetAt + reportedLateMs;

/** Not below zero: a sender's clock may be ahead of ours. */
export const minutesBetween = (from: number, to: number): number =>
  Math.max(0, Math.round(((to - from) / minute) * 10) / 10);
