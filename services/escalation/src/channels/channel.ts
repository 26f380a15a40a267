import type { Channel, Page } from '@nightshift/types';

/** One page to one recipient through one channel. `dedupKey` is the same however often it is sent. */
export type Message = { dedupKey: string; channel: string; recipient: string; level: number; page: Page };

/** `permanent`: sending it again as things are cannot help. */
export type Delivery = { ok: true; detail: string } | { ok: false; error: string; permanent?: true };

/** Hands one message over. Never throws; ends when the signal aborts. */
export type Send<K extends Channel['kind']> = (
  channel: Extract<Channel, { kind: K }>,
  message: Message,
  signal: AbortSignal,
) => Promise<Delivery>;
