import { createHmac } from 'node:crypto';

/**
 * The `webhook-signature` of Standard Webhooks: HMAC-SHA256 over `{id}.{timestamp}.{body}`, as `v1,<base64>`. The timestamp is in
 * seconds. A secret of the form `whsec_<base64>` is decoded, any other is taken as it is.
 */
export function signWebhook(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
