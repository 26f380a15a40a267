/**
 * Everything outside of Nightshift that it acts on, asks or pages, as one process that can be killed: a control API of processes, hooks, health pages and a
 * pager. It writes down what it really did, and can be late, silent, cut off or made to wait at a named moment. The first part of each path says who calls.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../random.ts';
import type { FromPlatform, HeldAt, ToPlatform } from './messages.ts';
import { answer, moodOf } from './moods.ts';
import { openPlatform, type Change, type Reply } from './platform.ts';

const env = process.env;
const random = randomFrom(Number(env['PLATFORM_SEED']));
let aheadMs = Number(env['PLATFORM_AHEAD_MS']);
const tell = (message: FromPlatform) => void process.send!(message);
const platform = openPlatform(
  env['PLATFORM_LEDGER']!,
  () => Date.now() + aheadMs,
  ({ target }) => tell({ kind: 'effect', target }),
);

let armed: HeldAt | null = null;
let ids = 0;
const held = new Map<number, () => void>();

/** Waits at a moment if that is the one asked for; whoever asked decides when it goes on. */
async function passing(at: HeldAt, caller: string, key: string | null): Promise<void> {
  if (armed !== at) return;
  armed = null;
  const id = (ids += 1);
  const released = new Promise<void>((resolve) => held.set(id, resolve));
  tell({ kind: 'held', id, at, caller, key });
  if (at !== 'answered') await released;
}

process.on('message', (message: ToPlatform) => {
  if (message.kind === 'arm') armed = message.at;
  else if (message.kind === 'disarm') armed = null;
  else if (message.kind === 'release') {
    held.get(message.id)?.();
    held.delete(message.id);
  } else {
    aheadMs = message.ms;
    tell({ kind: 'ahead_set', ms: aheadMs });
  }
});
process.on('disconnect', () => process.exit(0));

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, caller = '', area, name = '', verb = ''] = new URL(request.url!, 'http://here').pathname.split('/');
  const reply = ({ status, body }: Reply) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (area === 'processes' && request.headers.authorization !== `Bearer ${env['PLATFORM_TOKEN']}`)
    return void reply({ status: 401, body: { error: 'who are you?' } });
  if (request.method === 'GET') {
    await passing(area === 'processes' ? 'planning' : 'looking', caller, null);
    return void reply({ status: 200, body: area === 'processes' ? platform.view(name) : { here: name } });
  }
  const text = await read(request);
  if (area === 'pages') {
    const { data } = JSON.parse(text) as { data: { dedupKey: string; incidentId: string } };
    platform.page(data.dedupKey, data.incidentId);
    return void response.writeHead(204).end();
  }
  const body = area === 'processes' ? (JSON.parse(text) as Change) : null;
  const key = body?.key ?? String(request.headers['idempotency-key']);
  const mood = moodOf(random);
  await passing('received', caller, key);
  if (mood === 'refused') return void reply({ status: 503, body: { error: 'not now' } });
  if (mood === 'reset_before') return void request.socket.resetAndDestroy();
  if (mood === 'slow_to_act') await pause(random.between(100, 900));
  // Who asked may be gone by now. Some platforms have begun by then and go on, some have not and let it be.
  if (request.socket.destroyed && random.next() < 0.5) return;
  const done = body ? platform.change(name, verb, body, caller) : platform.hook(name, key, area === 'keyed', caller);
  await passing('applied', caller, key);
  await answer(response, done, mood);
  await passing('answered', caller, key);
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
server.listen(Number(env['PLATFORM_PORT']), '127.0.0.1', () =>
  tell({ kind: 'ready', port: (server.address() as AddressInfo).port }),
);
