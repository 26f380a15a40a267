import { redactText } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';
import type { Send } from '../channel.ts';
import { signWebhook } from './sign.ts';

const answerChars = 500;

/**
 * POSTs the page with a Standard Webhooks signature. `webhook-id` is the dedup key, so that a receiver can drop copies. Any 2xx is
 * delivery; redirects are not followed; of the answer only the beginning is read.
 */
export const sendToWebhook =
  (options: { env: Record<string, string | undefined>; timeoutMs: number }): Send<'webhook'> =>
  async (channel, message, signal) => {
    const [url, secret] = [options.env[channel.urlEnv], options.env[channel.secretEnv]];
    if (!url || !secret) {
      const missing = url ? channel.secretEnv : channel.urlEnv;
      return {
        ok: false,
        permanent: true,
        error: `environment variable ${missing}, which channel "${channel.id}" names, is not set where escalation runs`,
      };
    }
    if (!/^https?:/i.test(url) || !URL.canParse(url))
      return { ok: false, permanent: true, error: `the value of ${channel.urlEnv} is not an http address` };
    const { dedupKey, recipient, level, page } = message;
    const body = JSON.stringify({
      type: 'incident.page',
      timestamp: new Date().toISOString(),
      data: { dedupKey, recipient, level, ...page },
    });
    // The receiver judges freshness by its own wall clock, so this is ours, not the database's.
    const seconds = Math.floor(Date.now() / 1_000);
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeoutMs)]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'nightshift',
          'webhook-id': dedupKey,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signWebhook(secret, dedupKey, seconds, body),
        },
        body,
      });
      const answer = await beginning(response);
      return response.ok
        ? { ok: true, detail: `answered ${response.status}` }
        : { ok: false, error: redactText(`answered ${response.status} ${answer}`.trim()) };
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause;
      return { ok: false, error: redactText(`not delivered: ${errorMessage(cause ?? error)}`) };
    }
  };

/** The beginning of an answer; the rest is never read, however much there is. */
async function beginning(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  let text = '';
  const decoder = new TextDecoder();
  while (text.length < answerChars) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, answerChars);
}
