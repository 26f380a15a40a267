import { ExactName, inputLimits, Sample } from '@nightshift/types';
import { z } from 'zod';
import { refusalReasons } from './check.ts';

/** What the HTTP of ingest takes and answers: the OpenAPI document is made of these. */

export const SamplesBody = z.object({ samples: z.array(Sample).max(inputLimits.samplesPerRequest) });

const Rejected = z.object({
  index: z.number().int().describe('Place in `samples`, from 0'),
  field: z.string().describe('Such as `value` or `labels.zone`; empty for the sample as a whole'),
  reason: z.enum(refusalReasons),
  message: z.string(),
});

/** How many refusals an answer lists. */
export const listedRefusals = 100;

const counts = {
  rejected: z.array(Rejected).max(listedRefusals).describe(`The first ${listedRefusals} that were refused`),
  rejectedTotal: z.number().int().describe('How many were refused'),
};

export const SamplesAnswer = z.object({
  accepted: z.number().int().describe('How many samples are in the queue'),
  ...counts,
});
export type SamplesAnswer = z.infer<typeof SamplesAnswer>;

const text = (maxChars: number) =>
  z
    .string()
    .min(1)
    .max(maxChars)
    .regex(/^[^\0\uD800-\uDFFF]*$/u, 'must not hold NUL or broken Unicode');

export const Deployment = z.object({
  service: ExactName.describe('As the catalogue calls it'),
  version: text(256).describe('What runs now'),
  previousVersion: text(256).optional().describe('What ran before: the version that a rollback goes back to'),
  deployedAt: z.number().int().optional().describe('Epoch milliseconds; without it, now'),
  by: text(256).optional().describe('Who or what deployed'),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .optional()
    .describe('Where to read more'),
});
export type Deployment = z.infer<typeof Deployment>;

export const DeploymentAnswer = z.object({ id: z.string() });

const error = { code: z.string(), message: z.string(), help: z.string().describe('What to do') };

export const ErrorAnswer = z.object({ error: z.looseObject(error) });

export const RefusedAnswer = z.object({
  error: z.looseObject({
    ...error,
    rejected: counts.rejected.optional(),
    rejectedTotal: counts.rejectedTotal.optional(),
  }),
});
