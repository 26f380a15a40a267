/** Stand-ins for tests: an on-call file and the receiver of a webhook, which checks every signature. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OnCall } from '@nightshift/types';

export const env = (url: string): Record<string, string> => ({ PAGER_URL: url, PAGER_SECRET: pagerSecret });
const pagerSecret = `whsec_${Buffer.from('the secret of the pager').toString('base64')}`;

/** Ada is on duty at level 0, Bob is level 1. Both by webhook. */
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
    schedules: [{ id: 'primary', timeZone: 'UTC', layers: [{ id: 'ada', people: ['ada'], startsOn: '2020-01-06' }] }],
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

/** A schedule of the name `primary` that begins long after now. */
export const notYet = () => ({
  schedules: oncall().schedules.map((each) => ({
    ...each,
    layers: each.layers.map((layer) => ({ ...layer, startsOn: '2999-01-01' })),
  })),
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
