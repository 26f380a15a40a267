import { z } from 'zod';

export const Config = z.object({
  SHARD_COUNT: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe(
      'Number of shards, fixed for good at the first start (then 4 if not set); later only to be sure that it is this one',
    ),
  SNAPSHOT_SECONDS: z.coerce
    .number()
    .min(0.1)
    .max(600)
    .default(10)
    .describe('How often what was learned is saved; a killed detector loses at most this much of it'),
});
export type Config = z.infer<typeof Config>;
