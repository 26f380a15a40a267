import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, silentServer } from '../../stand-ins.ts';
import { httpProbe } from './http-probe.ts';

const target: SubjectOf<'http'> = {
  id: 'shop-web',
  kind: 'http',
  urlEnv: 'SHOP_URL',
  path: '/healthz',
  expectStatus: 200,
  idempotent: false,
  allowPrivate: true,
  actions: [],
};
const look = (url: string, given: { expectStatus?: number; allowPrivate?: boolean; signal?: AbortSignal } = {}) => {
  const { signal, ...changes } = given;
  return httpProbe.run(
    context({ subject: { ...target, ...changes }, env: { SHOP_URL: url }, ...(signal && { signal }) }),
  );
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function serve(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let open = 0;
  server.on('connection', (socket) => {
    open++;
    socket.on('close', () => open--);
  });
  closing.push(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, open: () => open };
}
const answering = (status: number) => serve((_request, response) => response.writeHead(status).end());

describe('http_probe', () => {
  it('asks a private network only where the catalogue says so, and never the metadata of a cloud', async () => {
    let asked = 0;
    const server = await serve((_request, response) => (asked++, response.end()));
    const { port } = new URL(server.url);
    for (const url of [server.url, `http://localhost:${port}`, `http://[::ffff:127.0.0.1]:${port}`])
      expect(await look(url, { allowPrivate: false })).toMatchObject({
        status: 'unknown',
        output: expect.stringContaining('is a private address'),
      });
    expect(await look('http://169.254.169.254')).toMatchObject({
      status: 'unknown',
      output: expect.stringContaining('never asked'),
    });
    expect(asked).toBe(0);
  });

  it('asks the path that the catalogue names and compares the status', async () => {
    const paths: string[] = [];
    const server = await serve((request, response) => (paths.push(request.url!), response.end('fine')));
    const finding = await look(server.url);
    expect(finding).toMatchObject({ status: 'ok', facts: { status: 200, expectStatus: 200 } });
    await look(`${server.url}/shop/`);
    expect(paths).toEqual(['/healthz', '/shop/healthz']);
  });

  it.each([
    [500, 'down'],
    [503, 'down'],
    [404, 'degraded'],
    [301, 'degraded'],
    [401, 'unknown'],
  ])('%i where 200 is expected is %s', async (status, expected) => {
    expect((await look((await answering(status)).url)).status).toBe(expected);
  });

  it('takes any status that is expected', async () => {
    expect((await look((await answering(401)).url, { expectStatus: 401 })).status).toBe('ok');
  });

  it('calls a refused connection down, and our own mistakes unknown (defect 25)', async () => {
    expect(await look('http://127.0.0.1:1')).toMatchObject({
      status: 'down',
      facts: { code: 'ECONNREFUSED', connected: false },
    });
    expect(await look('http://no-such-host.invalid')).toMatchObject({ status: 'unknown', facts: { connected: false } });
    expect(await look('not an address')).toMatchObject({ status: 'unknown' });
    expect(await look('ftp://127.0.0.1')).toMatchObject({ status: 'unknown' });
    const reset = await serve((request) => request.socket.resetAndDestroy());
    expect(await look(reset.url)).toMatchObject({ status: 'down', facts: { connected: true } });
  });

  it('calls one that takes the connection and never answers down, and lets go of it (defects 19 and 20)', async () => {
    const hole = await silentServer();
    closing.push(() => hole.close());
    const abort = new AbortController();
    const looking = look(`http://127.0.0.1:${hole.port}`, { signal: abort.signal });
    await hole.connected();
    abort.abort(new Error('no answer within 10 s'));
    expect(await looking).toMatchObject({ status: 'down', facts: { connected: true, timedOut: true } });
    await expect.poll(() => hole.open()).toBe(0);
  });

  it('does not read an endless answer, and leaves no connection', async () => {
    const server = await serve((_request, response) => {
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', write);
      write();
    });
    expect((await look(server.url)).status).toBe('ok');
    await expect.poll(() => server.open()).toBe(0);
  });

  it('shows no password or query of the address (defect 27)', async () => {
    const server = await answering(200);
    const { output } = await look(server.url.replace('://', '://ada:canary@') + '/?key=canary');
    expect(output).not.toContain('canary');
  });
});
