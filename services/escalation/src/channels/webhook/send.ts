import { AddressRefused, redactText } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';
import type { Send } from '../channel.ts';
import { post } from './post.ts';
import { signWebhook } from './sign.ts';

/**
 * POSTs the page with a Standard Webhooks signature. `webhook-id` is the dedup key, so that a receiver can drop copies. Any 2xx is
 * delivery.
 */
export const sendToWebhook =
  (options: { env: Record<string, string | undefined>; timeoutMs: number }): Send<'webhook'> =>
  async (channel, message, signal) => {
    const [address, secret] = [options.env[channel.urlEnv], options.env[channel.secretEnv]];
    const misconfigured = (error: string) => ({ ok: false as const, permanent: true as const, error });
    if (!address || !secret) {
      const missing = address ? channel.secretEnv : channel.urlEnv;
      return misconfigured(
        `environment variable ${missing}, which channel "${channel.id}" names, is not set where escalation runs`,
      );
    }
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      return misconfigured(`the value of ${channel.urlEnv} is not an http address`);

    const { dedupKey, recipient, level, page } = message;
    const body = JSON.stringify({
      type: 'incident.page',
      timestamp: new Date().toISOString(),
      data: { dedupKey, recipient, level, ...page },
    });
    // The receiver judges freshness by its own wall clock, so this is ours, not the database's.
    const seconds = Math.floor(Date.now() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'nightshift',
      'webhook-id': dedupKey,
      'webhook-timestamp': String(seconds),
      'webhook-signature': signWebhook(secret, dedupKey, seconds, body),
    };
    try {
      const { status, text } = await post(
        { url, allowPrivate: channel.allowPrivate ?? false },
        headers,
        body,
        AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
      );
      if (status >= 200 && status < 300) return { ok: true, detail: `answered ${status}` };
      return { ok: false, error: redactText(`answered ${status} ${text}`.trim()) };
    } catch (error) {
      if (error instanceof AddressRefused) return misconfigured(error.message);
      return { ok: false, error: redactText(`not delivered: ${errorMessage(error)}`) };
    }
  };
