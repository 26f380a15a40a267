import { createHmac } from 'node:crypto';

/**
 * Standard Webhooks: `v1,<base64 HMAC-SHA256>` over `{id}.{timestamp in s}.{raw body}`. A secret `whsec_…` is base64, any other is
 * taken as it stands.
 */
export function webhookHeaders(secret: string, id: string, seconds: number, body: string): Record<string, string> {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
