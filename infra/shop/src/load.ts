import http from 'node:http';
import { skus } from './prices.ts';
import type { CheckoutAnswer, CheckoutRequest } from './shop-app.ts';
import type { Seen } from './window.ts';

export type Load = { setRate(perSecond: number): void; stop(): void };

const timeoutMs = 8_000;
const mostInFlight = 400;
const mostAtOnce = 10;

/** Sends `perSecond` requests a second to the shop, whatever it answers (open loop), and tells what each looked like from outside. */
export function startLoad(options: { url: string; perSecond: number; onSeen: (seen: Seen) => void }): Load {
  const agent = new http.Agent({ keepAlive: true, maxSockets: mostInFlight });
  let perSecond = options.perSecond;
  let lastAt = performance.now();
  let due = 0;
  let sent = 0;
  let inFlight = 0;
  const sendOne = () => {
    const request = sent % 2 === 0 ? { path: '/catalogue' } : { path: '/checkout', checkout: nextCheckout(sent) };
    sent++;
    inFlight++;
    void ask(agent, options.url, request).then((seen) => {
      inFlight--;
      options.onSeen(seen);
    });
  };
  const timer = setInterval(() => {
    const at = performance.now();
    due = Math.min(due + ((at - lastAt) / 1_000) * perSecond, mostAtOnce); // after a pause of the machine the rest is forgotten
    lastAt = at;
    for (; due >= 1 && inFlight < mostInFlight; due--) sendOne();
  }, 20);
  return {
    setRate: (next) => void (perSecond = next),
    stop() {
      clearInterval(timer);
      agent.destroy();
    },
  };
}

/** A crowd with fixed proportions: one in four is a member, one in five a guest, one in fifty has a card that is declined. */
function nextCheckout(n: number): CheckoutRequest {
  const visitor = (n - 1) / 2;
  const session = `session-${visitor}`;
  const guest = visitor % 5 === 0;
  const customer = guest ? session : `customer-${visitor % 1_000}${visitor % 50 === 7 ? '-broke' : ''}`;
  const items = [0, 1].map((offset) => ({
    sku: skus[(visitor + offset) % skus.length]!,
    quantity: 1 + ((visitor + offset) % 2),
  }));
  return { customer, session, items, ...(visitor % 4 === 1 ? { membership: { discountPercent: 10 } } : {}) };
}

type Ask = { path: string; checkout?: CheckoutRequest };

function ask(agent: http.Agent, url: string, request: Ask, isRetry = false): Promise<Seen> {
  const startedAt = performance.now();
  const body = request.checkout && JSON.stringify(request.checkout);
  return new Promise((resolve) => {
    const done = (status: number, text: string) =>
      resolve(seenOf(request, status, text, performance.now() - startedAt));
    const sending = http.request(
      url + request.path,
      {
        agent,
        method: body ? 'POST' : 'GET',
        headers: body ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } : {},
        timeout: timeoutMs,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => done(response.statusCode ?? 0, text));
        response.on('error', () => done(0, ''));
      },
    );
    sending.on('timeout', () => sending.destroy());
    sending.on('error', () => {
      // The server closed a kept-alive connection just as we used it: any client tries once more.
      if (sending.reusedSocket && !isRetry) resolve(ask(agent, url, request, true));
      else done(0, '');
    });
    sending.end(body);
  });
}

function seenOf(request: Ask, status: number, text: string, latencyMs: number): Seen {
  if (!request.checkout) return { status, latencyMs };
  if (status !== 200) return { status, latencyMs, checkout: { paid: false, declined: false, items: 0 } };
  const answer = JSON.parse(text) as CheckoutAnswer;
  return {
    status,
    latencyMs,
    checkout: { paid: answer.payment === 'accepted', declined: answer.payment === 'declined', items: answer.items },
  };
}
