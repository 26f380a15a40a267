import { f32, f64, ring, u16, u32, type ColumnsOf, type Layout } from '../series/columns.ts';
import { dayBins, peaks, spreadBins, weekBins } from './constants.ts';
import { firstFields } from './former.ts';

/** Forecasts, in this order: the last value, the level, the day's profile, the week's, the last value moved as the day moves. */
export const experts = 5;
export const [last, level, day, week, moved] = [0, 1, 2, 3, 4] as const;

/** Two ways to be out: far from what was just before, and far from what level and profiles say. */
export const near = 0;
export const slow = 1;
export type Channel = typeof near | typeof slow;
const channels = 2;

/** The state of a series: just under 3 kB, whatever it sends. */
const fields = {
  seriesId: f64(),
  /** Time of the newest accepted sample; the usual distance between two. */
  lastAt: f64(),
  stepMs: f64(),
  samples: f64(),
  /** A counter's last reading. NaN: none yet. */
  reading: f64(),
  readingAt: f64(),
  /** A harmful episode: its first sample, its last. 0: none. */
  episodeAt: f64(),
  harmAt: f64(),
  /** Since when every sample was outside, on the side that is harm. 0: the last one was not. */
  outsideAt: f64(),
  /** When the series began, and how many samples were judged or learned. */
  bornAt: f64(),
  learned: f64(),
  last: f64(),
  level: f64(),
  /** Mean of the last minutes. */
  recent: f64(),
  /** Recent absolute error of each expert, and how often it had a forecast. */
  error: f32(experts),
  forecasts: u32(experts),
  /** Mean absolute residual of all times; that of the slow channel. */
  scale: f64(),
  slowScale: f64(),
  /** By channel, the tail: running quantile of residuals in scales, mean excess over it, how many excesses made that mean. */
  quantile: f32(channels),
  excess: f32(channels),
  excesses: u32(channels),
  /** By channel, the episode that is on: its peak, signed, and its last sample. 0: none. */
  peak: f32(channels),
  peakAt: f64(channels),
  /** By channel, peaks of past episodes, signed, and when they were (hours since 1970, modulo 65536); how many there ever were. */
  pastPeak: f32(peaks),
  pastHour: u16(peaks),
  pastPeaks: u32(channels),
  /** The range of all values so far. */
  least: f64(),
  greatest: f64(),
  /** The last news: its evidence, its time. */
  newsEvidence: f32(),
  newsAt: f64(),
  /** The alarm that is on: its first sample, its last outside, its samples, and the band from before it. 0: none. */
  heldAt: f64(),
  heldLastAt: f64(),
  heldSamples: f32(),
  heldExpected: f64(),
  heldLow: f64(),
  heldHigh: f64(),
  heldScore: f32(),
  dayProfile: f32(dayBins),
  weekProfile: f32(weekBins),
  /** Mean absolute residual by time of day. */
  spread: f32(spreadBins),
  pointAt: f64(),
  pointGap: u32(ring),
  pointValue: f32(ring),
  pointShare: u16(ring),
  pointLow: f32(ring),
  pointHigh: f32(ring),
  metric: u32(),
  points: u32(),
};

export type Columns = ColumnsOf<typeof fields>;

export const layout: Layout<typeof fields> = {
  fields,
  unknown: ['reading', 'recent', 'dayProfile', 'weekProfile', 'spread'],
  magic: 0x4144_534e,
  version: 2,
  former: [{ version: 1, fields: firstFields }],
  // A week's profile outlives a week of silence.
  forgetAfterMs: 8 * 24 * 3_600_000,
};
