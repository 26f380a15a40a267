import { z } from 'zod';

/** Nothing of its own. */
export const Config = z.object({});
export type Config = z.infer<typeof Config>;
