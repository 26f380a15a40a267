const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Judged from so many samples on. */
export const minLearned = 30;

/**
 * The frozen threshold: an alarm is a score of at least this, for every series of every kind. A score is -log10 of how often
 * this series has been as far out by itself, so this is once in 1,000 samples, before episodes are drawn together.
 */
export const alarmScore = 3;
export const criticalScore = 5;

/** A constant in time, but never shorter than so many samples: a mean over less is no mean. */
export type Span = { ms: number; steps: number };
export const levelSpan: Span = { ms: hour, steps: 20 };
export const errorSpan: Span = { ms: 6 * hour, steps: 50 };
export const scaleSpan: Span = { ms: day, steps: 100 };
/** After a score of this much only a new maximum is news, for this long. */
export const newsScore = 3.5;
export const quietSpan: Span = { ms: hour, steps: 120 };

/** Bins of the profiles, in UTC, and how much of a new value a bin takes, all its samples together. */
export const dayBins = 96;
export const dayBinMs = day / dayBins;
export const dayRate = 0.25;
export const weekBins = 168;
export const weekBinMs = 60 * minute;
export const weekRate = 0.3;
export const spreadBins = 48;
export const spreadBinMs = day / spreadBins;
export const spreadRate = 0.2;
/** A profile has a say from so many samples on for which it had a forecast. */
export const profileSamples = 5;

/** What lies further out than so many usual residuals teaches no more than that. */
export const clipResiduals = 4;

/** The running quantile of residuals and how fast it moves. */
export const tailQuantile = 0.99;
export const quantileRate = 0.01;
/** The mean excess remembers a fortnight's, of which one sample in a hundred is one: at least 20 of them, at most 100. */
export const excessMemoryMs = 14 * day;
export const leastExcessRate = 0.01;
export const greatestExcessRate = 0.05;
/** One excess counts for at most so many usual ones. The mean excess is at least this part of the quantile. */
export const excessClip = 10;
export const leastExcess = 0.15;

/** A flat line has no residual to measure by: at least a thousandth of the value counts as one, and never nothing. */
export const relativeFloor = 1e-3;
export const absoluteFloor = 1e-9;

/** A shift that lasts this long, and 30 samples, is the new normal. */
export const adoptAfterMs = 30 * minute;
