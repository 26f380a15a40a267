import { z } from 'zod';

export const Severity = z.enum(['warning', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** Which way a series left its band. */
export const Direction = z.enum(['up', 'down']);
export type Direction = z.infer<typeof Direction>;

/**
 * What the detector says of one sample. `learning` is not `normal`: it means "cannot tell yet". `refused`: its detector has no room for the
 * series.
 */
export const SeriesState = z.enum(['learning', 'normal', 'anomalous', 'no-data', 'stale', 'refused']);
export type SeriesState = z.infer<typeof SeriesState>;

/** An episode of one series outside its band. The band is the one from before the episode. */
export const Anomaly = z.object({
  seriesId: z.number().int().positive(),
  service: z.string(),
  metric: z.string(),
  labels: z.record(z.string(), z.string()),
  startedAt: z.number(),
  lastAt: z.number(),
  value: z.number(),
  expected: z.number(),
  low: z.number(),
  high: z.number(),
  /** -log10 of how probable a value this far out is, were all well; capped at 16. */
  score: z.number().min(0),
  severity: Severity,
  direction: Direction,
});
export type Anomaly = z.infer<typeof Anomaly>;
