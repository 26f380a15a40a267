const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Judged from so many samples on. */
export const minLearned = 30;

/** A constant in time, but never shorter than so many samples: a mean over less is no mean. */
export type Span = { ms: number; steps: number };
export const levelSpan: Span = { ms: 30 * minute, steps: 20 };
export const errorSpan: Span = { ms: 6 * hour, steps: 50 };
export const scaleSpan: Span = { ms: day, steps: 100 };
/** What is held against level and profiles is the mean of a moment: one sample may be anything. */
export const recentSpan: Span = { ms: 5 * minute, steps: 1 };
/** An alarm is told once: for this long only what is further out is news. What is further apart is another episode. */
export const episodeSpan: Span = { ms: hour, steps: 60 };

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
export const clipResiduals = 8;

/** The running quantile of residuals and how fast it moves. */
export const tailQuantile = 0.99;
export const quantileRate = 0.01;
/** The tail at that quantile, in decades: what is less far out is ordinary. */
export const ordinary = 2;
/** The mean excess remembers a fortnight's, of which one sample in a hundred is one: at least 20 of them, at most 100. */
export const excessMemoryMs = 14 * day;
export const leastExcessRate = 0.01;
export const greatestExcessRate = 0.05;
/** What part of a residual the tail learns in the hour of an alarm. */
export const incidentTeaches = 0.1;
/** The mean excess begins with so many supposed ones, each as large as the quantile. */
export const supposedExcesses = 6;
/** One excess counts for at most so many usual ones. The mean excess is at least this part of the quantile. */
export const excessClip = 10;
export const leastExcess = 0.3;

/** Peaks of past episodes that are remembered of each channel, in one list, and for how long. */
export const peakCounts = [32, 16] as const;
export const peaks = peakCounts[0] + peakCounts[1];
export const peakMemoryMs = 21 * day;
/** A peak of a tenth more or less is like this one; a larger one counts this much; one to the other side that much less. */
export const peakWidth = 0.1;
export const largerPeak = 0.7;
export const otherSide = 0.2;
/** How much a like peak counts, by channel. */
export const peakWorth = [1, 2] as const;
/** A series younger than this is taken to be this old. */
export const leastAgeMs = day;

/** Evidence of the slow channel counts half, and at most up to this many decades. */
export const slowWorth = 0.5;
export const slowCap = 6;

/** A novelty lies outside of the range so far by more than this part of it; by as much more, it is half of what it can be. */
export const leastNovelty = 0.02;
export const halfNovelty = 0.2;
/** A range counts in full after this time. */
export const rangeMs = 2 * day;
/** Evidence counts up to so many times more for a value that is a novelty. */
export const noveltyWorth = 40;

/** Evidence of an alarm, in decades of an unhabituated tail. */
export const alarmEvidence = 2.35;
/**
 * The frozen threshold: an alarm is an alarm score of at least this, for every series of every kind. The score spreads the
 * evidence beyond what is ordinary, so that the alarm is one unit above it.
 */
export const alarmScore = 3;
/** A critical anomaly: one sample in 100,000. */
export const criticalScore = 5;

/** A flat line has no residual to measure by: at least a thousandth of the value counts as one, and never nothing. */
export const relativeFloor = 1e-3;
export const absoluteFloor = 1e-9;

/** A shift that lasts this long, and 30 samples, is the new normal. */
export const adoptAfterMs = 30 * minute;
