import { z } from 'zod';

/** How series are judged. The first rule whose `metric` (exact, or ending in `*`) matches wins; the defaults fill the rest. */
export const DetectionRule = z.strictObject({
  metric: z.string().min(1).max(256),
  /** Which way is harm. A drop in errors is no incident. */
  harm: z.enum(['up', 'down', 'both']).default('both'),
  /** Smallest distance from the expected value that matters, in the metric's own unit. */
  minEffect: z.number().min(0).default(0),
  /** What a silent series means: nothing, an anomaly, or "keep the last verdict". */
  noData: z.enum(['ignore', 'alert', 'hold']).default('hold'),
  /** `false`: recorded and charted, never judged. */
  judge: z.boolean().default(true),
});
export type DetectionRule = z.infer<typeof DetectionRule>;

export const DetectionConfig = z.strictObject({
  schema: z.literal(1),
  detector: z.enum(['zscore', 'adaptive']).default('zscore'),
  rules: z.array(DetectionRule).max(1_000).default([]),
  /** An incident opens at this many critical, or this many anomalous, series of one service within the window. */
  composite: z
    .strictObject({
      criticals: z.number().int().min(1).default(2),
      anomalies: z.number().int().min(1).default(3),
      windowSeconds: z.number().min(1).max(86_400).default(60),
    })
    .prefault({}),
  /** Recovered: every anomalous series back inside its band for this long, with at least this many fresh samples. */
  recovery: z
    .strictObject({
      holdSeconds: z.number().min(1).max(3_600).default(60),
      minSamples: z.number().int().min(1).max(1_000).default(5),
    })
    .prefault({}),
});
export type DetectionConfig = z.infer<typeof DetectionConfig>;
