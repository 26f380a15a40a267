import { inputLimits } from '@nightshift/types';
import { z } from 'zod';

const mebibyte = 1024 * 1024;

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
  NIGHTSHIFT_MAX_SERIES: z.coerce
    .number()
    .int()
    .min(1)
    .max(inputLimits.seriesTotal)
    .default(inputLimits.seriesTotal)
    .describe('New series beyond this many are refused and counted; known ones go on'),
  INGEST_TOKEN_MAX_SERIES: z.coerce
    .number()
    .int()
    .min(1)
    .max(inputLimits.seriesTotal)
    .default(inputLimits.seriesPerToken)
    .describe('New series beyond this many of one token are refused and counted, unless the token says otherwise'),
  INGEST_TOKEN_SAMPLES_PER_SECOND: z.coerce
    .number()
    .int()
    .min(1)
    .max(inputLimits.samplesPerSecondPerToken.max)
    .default(inputLimits.samplesPerSecondPerToken.default)
    .describe('503 once a token sends more than this to one process, unless the token says otherwise'),
  INGEST_TOKEN_NEW_SERIES_PER_SECOND: z.coerce
    .number()
    .int()
    .min(1)
    .max(inputLimits.newSeriesPerSecondPerToken.max)
    .default(inputLimits.newSeriesPerSecondPerToken.default)
    .describe('503 once a token begins more series than this at one process, unless the token says otherwise'),
  INGEST_SERIES_CACHE: z.coerce
    .number()
    .int()
    .min(2)
    .max(10_000_000)
    .default(800_000)
    .describe(
      'Names and label values kept in memory to know series by; a series takes one to as many as it has labels',
    ),
  INGEST_MAX_LAG_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(30_000)
    .describe('503 once the oldest batch of a shard has waited this long in ms for its detector'),
  INGEST_MAX_WAITING_JOBS: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000)
    .describe(
      '503 once a shard has this many batches waiting (of at most 133 kB each): bounds the memory of the queue',
    ),
  INGEST_INFLIGHT_BYTES: z.coerce
    .number()
    .int()
    .min(inputLimits.bodyBytes)
    .default(128 * mebibyte)
    .describe(
      '503 once the bodies of unanswered requests have this many bytes together: bounds the memory of this process',
    ),
  INGEST_GITHUB_SECRETS: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter(Boolean))
    .refine((secrets) => secrets.every((secret) => secret.length >= 16), 'each must have at least 16 characters')
    .describe(
      'Secrets of webhooks of GitHub, of at least 16 characters; two, with a comma between, while one replaces the other',
    ),
});
export type Config = z.infer<typeof Config>;
