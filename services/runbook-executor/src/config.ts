import { z } from 'zod';

/** What this service is told beside what every service is told. Addresses and secrets of targets are named by the catalogue. */
export const Config = z.object({
  RUNBOOKS_DIR: z
    .string()
    .optional()
    .describe('Folder of the runbooks (*.yaml); default: runbooks/ in NIGHTSHIFT_CONFIG_DIR'),
});
export type Config = z.infer<typeof Config>;
