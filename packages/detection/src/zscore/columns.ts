import { f32, f64, ring, u16, u32, type ColumnsOf, type Layout } from '../series/columns.ts';

/**
 * The state of a series: about 1.9 kB, whatever it sends. `window` holds what was learned (the baseline); `point…` what was
 * seen last, with its band, for charts.
 */
const fields = {
  seriesId: f64(),
  /** Time of the newest accepted sample; the usual distance between two. */
  lastAt: f64(),
  stepMs: f64(),
  samples: f64(),
  /** A counter's last reading. NaN: none yet. */
  reading: f64(),
  readingAt: f64(),
  /** A run of samples outside the band: its first, its last, how many. 0: none. */
  runAt: f64(),
  runLastAt: f64(),
  runSamples: f64(),
  /** A harmful episode: its first sample, its last. 0: none. */
  episodeAt: f64(),
  harmAt: f64(),
  /** Since when every sample was outside, on the side that is harm. 0: the last one was not. */
  outsideAt: f64(),
  /** The band before the last adopted shift. NaN: none. */
  formerLow: f64(),
  formerHigh: f64(),
  window: f64(ring),
  pointAt: f64(),
  pointGap: u32(ring),
  pointValue: f64(ring),
  pointShare: u16(ring),
  pointLow: f32(ring),
  pointHigh: f32(ring),
  /** Index into the snapshot's list of metric names. */
  metric: u32(),
  /** How many values the window ever took, and the points: the ring's position and, up to 60, its length. */
  learned: u32(),
  points: u32(),
};

export type Columns = ColumnsOf<typeof fields>;

/** Version 1: the time and the expected value of every point were kept. */
const firstFields = {
  seriesId: f64(),
  lastAt: f64(),
  stepMs: f64(),
  samples: f64(),
  reading: f64(),
  readingAt: f64(),
  runAt: f64(),
  runLastAt: f64(),
  runSamples: f64(),
  episodeAt: f64(),
  harmAt: f64(),
  formerLow: f64(),
  formerHigh: f64(),
  window: f64(ring),
  pointAt: f64(ring),
  pointValue: f64(ring),
  pointExpected: f32(ring),
  pointLow: f32(ring),
  pointHigh: f32(ring),
  metric: u32(),
  learned: u32(),
  points: u32(),
};

export const layout: Layout<typeof fields> = {
  fields,
  unknown: ['reading', 'formerLow', 'formerHigh'],
  magic: 0x5a4e_5344,
  version: 2,
  former: [{ version: 1, fields: firstFields }],
  forgetAfterMs: 48 * 3_600_000,
};
