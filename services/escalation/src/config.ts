import { z } from 'zod';

export const Config = z.object({
  PAGE_ATTEMPTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe('Attempts to send one page before it counts as failed and the next level is told'),
  PAGE_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(20_000)
    .default(10_000)
    .describe('Longest time of one attempt in ms'),
  ACK_LINK_HOURS: z.coerce.number().min(1).max(168).default(24).describe('How long an acknowledge link works'),
});
export type Config = z.infer<typeof Config>;
