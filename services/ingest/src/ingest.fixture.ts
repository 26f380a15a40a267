import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Db } from '@nightshift/db';
import { createToken, startService } from '@nightshift/runtime';
import { Config } from './config.ts';
import { startIngest } from './service.ts';

/** For tests: a whole ingest on a free port, with a token that it takes. */
export async function startTestIngest(given: {
  db: Db;
  databaseUrl: string;
  queueUrl?: string;
  env?: Record<string, string>;
}) {
  const service = await startService(
    { name: 'ingest', config: Config, start: startIngest },
    {
      DATABASE_URL: given.databaseUrl,
      QUEUE_URL: given.queueUrl ?? given.databaseUrl,
      NIGHTSHIFT_SECRET: 'a secret of the tests',
      LOG_LEVEL: 'silent',
      ...given.env,
    },
  );
  const { secret } = await createToken(given.db, { name: 'test', scopes: ['ingest'] });
  const url = `http://127.0.0.1:${service.port}`;
  const request = async (
    method: string,
    path: string,
    body?: RequestInit['body'],
    headers: Record<string, string> = {},
  ) => {
    const authorization = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, body: body ?? null, headers: { ...authorization, ...headers } });
    const text = await response.text();
    return { status: response.status, headers: new Map(response.headers), text, body: parsed(text) };
  };
  return {
    url,
    secret,
    get: (path: string, headers?: Record<string, string>) => request('GET', path, undefined, headers),
    post: (path: string, body: unknown, headers?: Record<string, string>) =>
      request(
        'POST',
        path,
        typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
        headers,
      ),
    close: () => service.close(),
  };
}

export type TestIngest = Awaited<ReturnType<typeof startTestIngest>>;

/** What ingest answers, as far as tests look into it. */
export type Answer = {
  accepted?: number;
  rejected?: { index: number; field: string; reason: string; message: string }[];
  rejectedTotal?: number;
  id?: string;
  error?: {
    code: string;
    message: string;
    help: string;
    rejected?: { index: number; reason: string }[];
    rejectedTotal?: number;
  };
};

function parsed(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

/** A TCP proxy before a real server, which a test can cut, freeze and mend. */
export async function startProxy(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let state: 'up' | 'cut' | 'frozen' = 'up';
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => state === 'up' && to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const drop = () => sockets.forEach((socket) => socket.destroy());
  return {
    url: url.toString(),
    /** Connections break and new ones are refused. */
    cut() {
      state = 'cut';
      drop();
    },
    /** Nothing breaks, nothing answers. */
    freeze() {
      state = 'frozen';
    },
    /** Works again, over new connections. */
    mend() {
      state = 'up';
      drop();
    },
    async close() {
      drop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
