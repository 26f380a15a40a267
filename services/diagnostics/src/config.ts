import { z } from 'zod';

const deadlineMs = 10_000;

/** Absolute paths with "," between them. */
const Programs = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
  .refine((paths) => paths.every((path) => path.startsWith('/')), 'must be absolute paths, with "," between them')
  .transform((paths): ReadonlySet<string> => new Set(paths));

export const Config = z.object({
  CHECK_DEADLINE_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(deadlineMs)
    .default(deadlineMs)
    .describe('Longest time of one check in ms, at most 10,000; then it is cancelled and `unknown`'),
  DIAGNOSTIC_COMMANDS: Programs.describe(
    'Programs that checks of the catalogue may run: absolute paths with "," between them; none by default',
  ),
  DIAGNOSTIC_SSH_COMMANDS: Programs.describe(
    'Programs that checks of the catalogue may run on machines reached over SSH: absolute paths with "," between them; none by default',
  ),
  SETTLE_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(3_000)
    .describe('How long after an action the checks look again, in ms, to compare'),
  SUSPECT_WINDOW_MINUTES: z.coerce
    .number()
    .min(1)
    .max(60)
    .default(30)
    .describe('A deployment is suspect when it came at most this long before the onset'),
});
export type Config = z.infer<typeof Config>;
