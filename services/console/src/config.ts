import { z } from 'zod';

const httpUrl = z.url({ protocol: /^https?$/ });

/** What the console is told, beside what every service is. */
export const Config = z.object({
  CONSOLE_TOKEN: z.string().min(16).describe('Whoever has it may log in to the console; at least 16 characters'),
  CONSOLE_WEB_DIR: z
    .string()
    .optional()
    .describe('Folder of the built web page; default: dist/web beside this program'),
  CONSOLE_LIVE_CLIENTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(200)
    .describe('Most pages that follow live events of this process at once'),
  INGEST_URL: httpUrl.optional().describe('Where metrics are pushed; shown in the first command line of an empty page'),
  SHOP_CONTROL_URL: httpUrl
    .optional()
    .describe('Control API of the demo shop; with its token the page offers to break the shop'),
  SHOP_CONTROL_TOKEN: z.string().min(1).optional().describe('Bearer token of the control API of the demo shop'),
});
export type Config = z.infer<typeof Config>;
