/** Stand-ins for tests: an on-call file and the receiver of a webhook, which checks every signature. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OnCall } from '@nightshift/types';

export const env = (url: string): Record<string, string> => ({ PAGER_URL: url, PAGER_SECRET: pagerSecret });
const pagerSecret = `whsec_${Buffer.from('the secret of the pager').toString('base64')}`;

/** Ada and Bob take turns at level 0, a week each; Bob is level 1. Both by webhook. */
export const oncall = (changes: Partial<OnCall> = {}): OnCall =>
  OnCall.parse({
    schema: 1,
    channels: [
      { id: 'pager', kind: 'webhook', urlEnv: 'PAGER_URL', secretEnv: 'PAGER_SECRET', allowPrivate: true },
      { id: 'inbox', kind: 'console' },
    ],
    people: [
      { id: 'ada', name: 'Ada', channels: ['pager'] },
      { id: 'bob', name: 'Bob', channels: ['pager'] },
    ],
    rotations: [{ id: 'primary', people: ['ada'], startsAt: '2020-01-06T09:00:00+00:00' }],
    policies: [
      {
        id: 'standard',
        levels: [
          { notify: ['primary'], nextAfterSeconds: 300 },
          { notify: ['bob'], nextAfterSeconds: 300 },
        ],
        repeat: 1,
      },
    ],
    defaultPolicy: 'standard',
    ...changes,
  });

export type Received = {
  id: string;
  signed: boolean;
  body: { type: string; data: Record<string, unknown> };
  headers: IncomingHttpHeaders;
};
export type Receiver = {
  url: string;
  received: Received[];
  /** How it answers from now on; by default with 204. `nth` counts the copies of one webhook-id, from 1. */
  answer: (received: Received, response: ServerResponse, nth: number) => void;
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
};

/** A receiver that follows Standard Webhooks: it works out the signature for itself, from the raw body. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      const id = String(request.headers['webhook-id']);
      const key = Buffer.from(pagerSecret.replace('whsec_', ''), 'base64');
      const mac = createHmac('sha256', key)
        .update(`${id}.${String(request.headers['webhook-timestamp'])}.${raw}`)
        .digest('base64');
      const entry = {
        id,
        signed: request.headers['webhook-signature'] === `v1,${mac}`,
        body: JSON.parse(raw) as Received['body'],
        headers: request.headers,
      };
      received.push(entry);
      receiver.answer(entry, response, received.filter((each) => each.id === id).length);
    });
  }).listen(0, '127.0.0.1');
  let open = 0;
  server.on('connection', (socket) => {
    open++;
    socket.on('close', () => open--);
  });
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=canary`,
    received,
    answer: (_received, response) => void response.writeHead(204).end(),
    open: () => open,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
