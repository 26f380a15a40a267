import { z } from 'zod';
import { inputLimits as limits } from './limits.ts';
import { LabelPatterns, Pattern, RatioSignals, SloSignals, Threshold } from './signal-config.ts';

/** How series are judged. The first rule that fits a series in metric, service and labels wins; the defaults fill the rest. */
export const DetectionRule = z.strictObject({
  metric: Pattern.max(limits.metricNameChars),
  service: Pattern.optional(),
  /** Labels that a series must have, each with its value. */
  match: LabelPatterns,
  /** What its values are; `histogram`: it is a part of one. Left out: what the sender says, else what the name says. */
  kind: z.enum(['gauge', 'counter', 'histogram']).optional(),
  /** Which way is harm. A drop in errors is no incident. */
  harm: z.enum(['up', 'down', 'both']).default('both'),
  /** Smallest distance from the expected value that matters, in the metric's own unit. */
  minEffect: z.number().min(0).default(0),
  /** How readily it fires: the detector's threshold is divided by it. 2: half as far out is enough; 0.5: it must be twice as far. */
  sensitivity: z.number().min(0.1).max(10).default(1),
  /** It is an anomaly once it has been outside, on the side that is harm, for this long without a sample inside. 0: at once. */
  minDurationSeconds: z.number().min(0).max(86_400).default(0),
  /** Which seasons may be learned: those that prove to forecast it (`auto`), the day alone, the week alone, or none. */
  seasonality: z.enum(['auto', 'day', 'week', 'none']).default('auto'),
  /** What a silent series means: nothing, an anomaly, or "keep the last verdict". */
  noData: z.enum(['ignore', 'alert', 'hold']).default('hold'),
  /** `false`: recorded and charted, never judged. */
  judge: z.boolean().default(true),
  /** A fixed limit beside what is learned; with `judge: false`, in its place. */
  threshold: Threshold.optional(),
});
export type DetectionRule = z.infer<typeof DetectionRule>;

export const DetectionConfig = z.strictObject({
  schema: z.literal(1),
  /** `adaptive` learns seasons and what each series does by itself; `zscore` is the plain rule of 60 samples. */
  detector: z.enum(['adaptive', 'zscore']).default('adaptive'),
  rules: z.array(DetectionRule).max(1_000).default([]),
  /** Signals that are made of several counters of a service. */
  ratios: RatioSignals.default([]),
  slos: SloSignals.default([]),
  /**
   * When the anomalies of one service are an incident. `evidence`: what its series are out by within the window, summed, is more than
   * the service shows by itself. `counts`: so many critical, or so many anomalous, series within the window.
   */
  composite: z
    .strictObject({
      rule: z.enum(['evidence', 'counts']).default('evidence'),
      criticals: z.number().int().min(1).default(2),
      anomalies: z.number().int().min(1).default(3),
      windowSeconds: z.number().min(1).max(86_400).default(60),
      /** For so long after a person ended an incident its series open nothing again; others do. */
      cooldownSeconds: z.number().min(0).max(86_400).default(300),
    })
    .prefault({}),
  /** Recovered: every anomalous series back inside its band for this long, with at least this many fresh samples. */
  recovery: z
    .strictObject({
      holdSeconds: z.number().min(1).max(3_600).default(60),
      minSamples: z.number().int().min(1).max(1_000).default(5),
      /** So long after the action without recovery: it did not help. Absent: shortly before the state's own deadline, which always counts. */
      withinSeconds: z.number().min(2).max(3_600).optional(),
    })
    .prefault({}),
});
export type DetectionConfig = z.infer<typeof DetectionConfig>;
