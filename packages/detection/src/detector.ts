import type { DetectionConfig, Direction, SeriesState, Severity } from '@nightshift/types';
import type { Rule } from './rules.ts';

/**
 * Why a sample did not count. `late`: older than one already judged. `not_finite`: NaN, infinite, or beyond 1e30. `memory_limit`: of a
 * series that is not known, and there is no room for one more.
 */
export type Dropped = 'duplicate' | 'late' | 'not_finite' | 'memory_limit';

/**
 * Why a sample is not an anomaly although one might ask: the answer to "why did nothing fire?". `usual`: this series has been
 * as far out before, or has just told of it. `duration`: it has not lasted as long as its rule wants.
 */
export type Reason = 'learning' | 'not_judged' | 'direction' | 'below_floor' | 'usual' | 'duration';

/** What a detector says of one sample. Where it cannot tell yet, the band is NaN and the state is `learning`. */
export type Verdict = {
  state: SeriesState;
  /** False: the sample was dropped and changed nothing. */
  accepted: boolean;
  dropped: Dropped | undefined;
  /** The value that was judged: of a counter, its rate per second (NaN for its first reading). */
  value: number;
  expected: number;
  low: number;
  high: number;
  /** -log10 of how probable a value this far out is, were all well: 0 to 16. A score of 3 is one in a thousand. */
  score: number;
  /**
   * What sets off an alarm, larger for a clearer one: the score without what is old news, such as the rest of an episode. Its
   * unit is the algorithm's; `alarm` says whether it reaches the threshold, and the rule calls it harm.
   */
  alarmScore: number;
  alarm: boolean;
  severity: Severity | undefined;
  direction: Direction | undefined;
  because: Reason | undefined;
  /** Since when an anomalous episode is on: this sample is anomalous, or the last one that was is only a moment ago. */
  episodeAt: number | null;
};

/** A series that sent nothing for longer than its habit. `no-data` where its rule says that silence is an anomaly. */
export type Silence = {
  seriesId: number;
  metric: string;
  state: 'stale' | 'no-data';
  policy: 'ignore' | 'alert' | 'hold';
  /** Its last sample, and the band it had. */
  lastAt: number;
  lastValue: number;
  expected: number;
  low: number;
  high: number;
  /** One for every missed step, at most 16: as if one sample in ten went missing by itself. */
  score: number;
};

/** A judged sample with the band it was judged by; null while learning. */
export type HistoryPoint = {
  at: number;
  value: number;
  expected: number | null;
  low: number | null;
  high: number | null;
};

/**
 * A streaming detector for many series: no input, no output, no clock. Times are epoch ms and come from the samples.
 * One instance belongs to one caller; state per series is of fixed size.
 */
export type Detector = {
  readonly algorithm: DetectionConfig['detector'];
  /** How many series it holds. */
  readonly size: number;
  /** Bytes that it takes for them. */
  readonly bytes: number;
  /** The ids of the series it holds. */
  ids(): Iterable<number>;
  /**
   * Judges one sample and learns from it. Samples of a series count once, and only in the order of their time. Without a rule,
   * the one that fits the metric is taken.
   */
  observe(seriesId: number, metric: string, timestamp: number, value: number, rule?: Rule): Verdict;
  /**
   * The series that are silent at `now`, each time it is asked. Silence counts from `since` at the earliest: a detector
   * that just took over has heard nothing yet. Series silent for two days
   * (`zscore`) or eight (`adaptive`) are forgotten.
   */
  silent(now: number, since: number, ruleOf?: (seriesId: number) => Rule | undefined): Silence[];
  /** The last points of a series (at most 60), oldest first. */
  history(seriesId: number): HistoryPoint[];
  /** Takes over new rules; what was learned stays. */
  configure(config: DetectionConfig): void;
  snapshot(): Uint8Array;
  /**
   * Replaces all state by a snapshot's. From one of another algorithm it learns the points that are kept there. Throws a
   * RangeError where the bytes are foreign, cut, or of an unknown version.
   */
  restore(bytes: Uint8Array): void;
};
