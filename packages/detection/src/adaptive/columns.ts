import { f32, f64, ring, u32, type ColumnsOf, type Layout } from '../series/columns.ts';
import { dayBins, spreadBins, weekBins } from './constants.ts';

/** Forecasts, in this order: the last value, the slow level, the day's profile, the week's. */
export const experts = 4;

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
  /** How many samples were judged or learned. */
  learned: f64(),
  last: f64(),
  level: f64(),
  /** Recent absolute error of each expert, and how often it had a forecast. */
  error: f64(experts),
  forecasts: u32(experts),
  /** Mean absolute residual of all times. */
  scale: f64(),
  /** The tail: running quantile of residuals in scales, mean excess over it, how many excesses made that mean. */
  quantile: f64(),
  excess: f64(),
  excesses: f64(),
  /** The range of all values so far. */
  least: f64(),
  greatest: f64(),
  /** The last news: its score, its time. */
  newsScore: f64(),
  newsAt: f64(),
  /** The alarm that is on: its first sample, its last outside, its samples, and the band from before it. 0: none. */
  heldAt: f64(),
  heldLastAt: f64(),
  heldSamples: f64(),
  heldExpected: f64(),
  heldLow: f64(),
  heldHigh: f64(),
  heldScore: f64(),
  dayProfile: f32(dayBins),
  weekProfile: f32(weekBins),
  /** Mean absolute residual by time of day. */
  spread: f32(spreadBins),
  pointAt: f64(ring),
  pointValue: f32(ring),
  pointExpected: f32(ring),
  pointLow: f32(ring),
  pointHigh: f32(ring),
  metric: u32(),
  points: u32(),
};

export type Columns = ColumnsOf<typeof fields>;

export const layout: Layout<typeof fields> = {
  fields,
  unknown: ['reading', 'dayProfile', 'weekProfile', 'spread'],
  magic: 0x4144_534e,
  version: 1,
  // A week's profile outlives a week of silence.
  forgetAfterMs: 8 * 24 * 3_600_000,
};
