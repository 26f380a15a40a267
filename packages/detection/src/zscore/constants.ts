/** The reference rule: 30 values to begin with, warning above 3 standard deviations, critical above 4. */
export const minLearned = 30;
export const warningZ = 3;
export const criticalZ = 4;

const second = 1_000;
const minute = 60 * second;

/** A flat line has no deviation to measure by: at least a thousandth of the mean counts as one, and never nothing. */
export const relativeFloor = 1e-3;
export const absoluteFloor = 1e-9;

/** A shift that lasts this long is the new normal, provided that `minLearned` samples of it are there to learn from. */
export const adoptAfterMs = 30 * minute;
