import type { Dropped, Reason, Verdict } from '../detector.ts';

/** The verdict on a sample that changed nothing. */
export const drop = (dropped: Dropped, value: number): Verdict => withoutBand(value, false, dropped, undefined);
/** The verdict on a sample that was taken but cannot be judged. */
export const undecided = (value: number, because: Reason): Verdict => withoutBand(value, true, undefined, because);

function withoutBand(
  value: number,
  accepted: boolean,
  dropped: Dropped | undefined,
  because: Reason | undefined,
): Verdict {
  return {
    state: 'learning',
    accepted,
    dropped,
    value,
    expected: NaN,
    low: NaN,
    high: NaN,
    score: 0,
    alarmScore: 0,
    alarm: false,
    severity: undefined,
    direction: undefined,
    because,
    episodeAt: null,
  };
}
