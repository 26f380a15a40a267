import type { Page } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { env, startReceiver, type Receiver } from '../../stand-ins.ts';
import { sendToWebhook } from './send.ts';

const channel = {
  id: 'pager',
  kind: 'webhook',
  urlEnv: 'PAGER_URL',
  secretEnv: 'PAGER_SECRET',
  allowPrivate: true,
} as const;
const page = { incidentId: 'inc-1', headline: 'shop-api: Fehler – 100 %' } as Page;
const message = { dedupKey: 'inc-1-1-0-0-ada-pager', channel: 'pager', recipient: 'ada', level: 0, page };
const never = new AbortController().signal;

let receiver: Receiver;
beforeEach(async () => void (receiver = await startReceiver()));
afterEach(() => receiver.close());
const send = (timeoutMs = 5_000, signal = never) =>
  sendToWebhook({ env: env(receiver.url), timeoutMs })(channel, message, signal);

describe('the webhook channel', () => {
  it('signs the very bytes it sends, under the dedup key', async () => {
    expect(await send()).toEqual({ ok: true, detail: 'answered 204' });
    const [got] = receiver.received;
    expect(got).toMatchObject({
      id: message.dedupKey,
      signed: true,
      body: { type: 'incident.page', data: { dedupKey: message.dedupKey, recipient: 'ada', headline: page.headline } },
    });
    expect(Math.abs(Number(got!.headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(5);
  });

  it('takes only 2xx for delivery, and does not follow redirects', async () => {
    receiver.answer = (_got, response) => void response.writeHead(500).end('out of paper');
    expect(await send()).toEqual({ ok: false, error: 'answered 500 out of paper' });
    receiver.answer = (_got, response) => void response.writeHead(302, { location: receiver.url }).end();
    expect(await send()).toMatchObject({ ok: false, error: 'answered 302' });
    expect(receiver.received).toHaveLength(2);
  });

  it('gives up on a receiver that never answers, and lets go of it', async () => {
    receiver.answer = () => {};
    expect(await send(200)).toMatchObject({ ok: false, error: expect.stringContaining('not delivered') as string });
    await expect.poll(() => receiver.open()).toBe(0);
  });

  it('reads only the beginning of an endless answer', async () => {
    receiver.answer = (_got, response) => {
      response.writeHead(500);
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    };
    const delivery = await send();
    expect(!delivery.ok && delivery.error.length).toBeLessThan(600);
    await expect.poll(() => receiver.open()).toBe(0);
  });

  it('goes to a private network only where the channel says so, and never to the metadata of a cloud', async () => {
    const sendTo = (url: string, allowPrivate: boolean) =>
      sendToWebhook({ env: env(url), timeoutMs: 1_000 })({ ...channel, allowPrivate }, message, never);
    const refused = (reason: string) => ({
      ok: false,
      permanent: true,
      error: expect.stringContaining(reason) as string,
    });
    expect(await sendTo(receiver.url, false)).toMatchObject(refused('is a private address'));
    expect(await sendTo('http://localhost/', false)).toMatchObject(refused('is a private address'));
    expect(await sendTo('http://169.254.169.254/latest/', true)).toMatchObject(refused('never asked'));
    expect(receiver.received).toEqual([]);
  });

  it('tells a mistake in the configuration, which no retry mends, and shows no secret', async () => {
    const without = (given: Record<string, string | undefined>) =>
      sendToWebhook({ env: given, timeoutMs: 1_000 })(channel, message, never);
    expect(await without({ PAGER_URL: receiver.url })).toMatchObject({
      ok: false,
      permanent: true,
      error: expect.stringContaining('PAGER_SECRET') as string,
    });
    expect(await without({ ...env(receiver.url), PAGER_URL: 'ftp://x' })).toMatchObject({ ok: false, permanent: true });
    const refused = await without({ ...env('http://ada:canary@127.0.0.1:1/hook?token=canary') });
    expect(refused.ok).toBe(false);
    expect(JSON.stringify(refused)).not.toContain('canary');
  });
});
