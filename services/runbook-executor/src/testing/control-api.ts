/** A real HTTP stand-in for a control API of processes. It counts what it really did, and can be slow, wrong or forgetful on request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Effect = { process: string; verb: string; key: string; from: string; to: string; at: number };
type Process = { version: string; starts: number; replicas: number };
type Body = { key: string; expectedInstance?: string; from?: string; to?: string; replicas?: number };

/** What to do with the next change: answer with a status without doing it, or hold it before or after doing it until released. */
export type Trick =
  | { kind: 'answer'; status: number; text: string }
  | { kind: 'hold'; when: 'before' | 'after'; until: Promise<void> }
  | { kind: 'hang_up'; when: 'before' | 'after' };

export type ControlApi = {
  url: string;
  token: string;
  process(name: string): Process;
  effects: Effect[];
  /** Changes asked for, whatever became of them. */
  asked: { verb: string; key: string }[];
  tricks: Trick[];
  /** Makes it forget every key, as a restart without a disk would. */
  forgetKeys(): void;
  close(): Promise<void>;
};

const controlToken = 'control-token-for-tests';

export async function startControlApi(): Promise<ControlApi> {
  const processes = new Map<string, Process>();
  const keys = new Set<string>();
  const effects: Effect[] = [];
  const asked: ControlApi['asked'] = [];
  const tricks: Trick[] = [];
  const process = (name: string) => {
    const known = processes.get(name) ?? { version: 'v1', starts: 1, replicas: 1 };
    processes.set(name, known);
    return known;
  };
  const view = (name: string) => {
    const { version, starts, replicas } = process(name);
    return { name, state: 'running', version, instance: `${name}-${starts}`, replicas, pid: 1, startedAt: 0 };
  };

  const apply = (name: string, verb: string, body: Body): { status: number; answer: unknown } => {
    if (keys.has(body.key)) return { status: 200, answer: { key: body.key, applied: false, process: view(name) } };
    const it = process(name);
    const conflict = (message: string) => ({ status: 409, answer: { error: { code: 'CONFLICT', message } } });
    let [from, to] = [view(name).instance, ''];
    if (verb === 'restart') {
      if (body.expectedInstance !== undefined && body.expectedInstance !== from)
        return conflict(`the instance is ${from}`);
      it.starts++;
      to = view(name).instance;
    } else if (verb === 'deploy') {
      if (it.version !== body.from) return conflict(`the version is ${it.version}, not ${body.from}`);
      [from, to] = [it.version, body.to!];
      it.version = to;
      it.starts++;
    } else {
      [from, to] = [String(it.replicas), String(body.replicas)];
      it.replicas = body.replicas!;
    }
    keys.add(body.key);
    effects.push({ process: name, verb, key: body.key, from, to, at: Date.now() });
    return { status: 200, answer: { key: body.key, applied: true, process: view(name) } };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const reply = (status: number, content: unknown) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(typeof content === 'string' ? content : JSON.stringify(content));
    const [, , name = '', verb] = new URL(request.url!, 'http://here').pathname.split('/');
    if (request.headers.authorization !== `Bearer ${controlToken}`)
      return reply(401, { error: { code: 'AUTH_INVALID' } });
    if (request.method === 'GET') return reply(200, view(name));
    const body = await read(request);
    asked.push({ verb: verb!, key: body.key });
    const trick = tricks.shift();
    if (trick?.kind === 'answer') return reply(trick.status, trick.text);
    if (trick?.kind === 'hang_up' && trick.when === 'before') return request.socket.destroy();
    if (trick?.kind === 'hold' && trick.when === 'before') {
      await trick.until;
      // Who asked is gone: a platform that had not begun does not begin.
      if (request.socket.destroyed) return undefined;
    }
    const done = apply(name, verb!, body);
    if (trick?.kind === 'hang_up') return request.socket.destroy();
    if (trick?.kind === 'hold' && trick.when === 'after') await trick.until;
    return reply(done.status, done.answer);
  };

  const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: controlToken,
    process,
    effects,
    asked,
    tricks,
    forgetKeys: () => keys.clear(),
    close: () => close(server),
  };
}

async function read(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Body;
}

export function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

export function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
