import type { Logger } from '@nightshift/runtime';
import type { Channel } from '@nightshift/types';
import type { Delivery, Message } from './channel.ts';
import { sendToConsole } from './console/send.ts';
import { sendToWebhook } from './webhook/send.ts';

export type Deliver = (channel: Channel, message: Message, signal: AbortSignal) => Promise<Delivery>;

/** Sends through whatever kind of channel it is. A new kind is a folder beside these, a case here and a member of `Channel`. */
export function openChannels(options: {
  log: Logger;
  env: Record<string, string | undefined>;
  timeoutMs: number;
}): Deliver {
  const toConsole = sendToConsole(options.log);
  const toWebhook = sendToWebhook(options);
  return (channel, message, signal) => {
    switch (channel.kind) {
      case 'console':
        return toConsole(channel, message, signal);
      case 'webhook':
        return toWebhook(channel, message, signal);
    }
  };
}
