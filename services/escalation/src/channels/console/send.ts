import type { Logger } from '@nightshift/runtime';
import type { Send } from '../channel.ts';

/** The page's own row is the console's inbox, so it has arrived when it is stored. One structured line says so in the log. */
export const sendToConsole =
  (log: Logger): Send<'console'> =>
  async (_channel, { dedupKey, recipient, level, page }) => {
    const { incidentId, headline, nextStep, incidentUrl } = page;
    log.warn({ incident: incidentId, dedupKey, recipient, level, nextStep, incidentUrl }, `page: ${headline}`);
    return { ok: true, detail: "in the console's inbox" };
  };
