import { inputLimits } from '@nightshift/types';
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
  DETECTOR_MAX_SERIES: z.coerce
    .number()
    .int()
    .min(1)
    .max(inputLimits.seriesTotal)
    .optional()
    .describe(
      'New series beyond this many in this process are refused and counted, known ones go on; default: what half of the heap of Node has room for',
    ),
  DETECTOR_STATE_MB: z.coerce
    .number()
    .min(0.05)
    .max(1_000_000)
    .optional()
    .describe(
      'The same for the MB that what is learned takes in this process, some 3 kB a series; default: half of the memory of the machine or container',
    ),
  KEEP_SAMPLES_HOURS: z.coerce
    .number()
    .min(0)
    .max(24 * 366)
    .default(24)
    .describe('How long the raw samples are kept for `nightshift backtest --stored`; 0: not at all'),
  KEEP_SAMPLES_MB: z.coerce
    .number()
    .min(1)
    .max(1_000_000)
    .default(512)
    .describe('How many MB of them at most, packed, of all shards together; the oldest go first'),
});
export type Config = z.infer<typeof Config>;
