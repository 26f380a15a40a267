import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { judgeAnswer } from './answer.ts';
import { addressFrom, call, type Outgoing } from './call.ts';

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}
const http = (listener: RequestListener) => {
  const server = createServer(listener);
  closers.push(() => server.closeAllConnections());
  return listen(server);
};
const post = (url: URL, more: Partial<Outgoing> = {}) =>
  call({
    url,
    method: 'POST',
    body: '{}',
    signal: AbortSignal.timeout(5_000),
    allowPrivate: true,
    maxBytes: 1_000,
    ...more,
  });

describe('one request', () => {
  it('tells "nothing was sent" from "no answer came"', async () => {
    const gone = await http(() => {});
    closers.splice(0).forEach((close) => close());
    expect((await post(gone)).kind).toBe('not_sent');
    expect((await post(new URL('http://no-such-host.invalid/'))).kind).toBe('not_sent');
    const hangsUp = await http((request) => request.socket.destroy());
    expect((await post(hangsUp)).kind).toBe('no_answer');
    const half = await http((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 10);
    });
    expect((await post(half)).kind).toBe('no_answer');
  });

  it('is cancelled in time, and really: the other side sees the connection end', async () => {
    let ended = false;
    const silent = await listen(
      createTcpServer((socket) =>
        socket
          .resume()
          .on('close', () => (ended = true))
          .on('error', () => {}),
      ),
    );
    const answer = await post(silent, { signal: AbortSignal.timeout(50) });
    expect(answer).toEqual({ kind: 'no_answer', reason: 'no answer in time' });
    await expect.poll(() => ended).toBe(true);
  });

  it('reads no more than it was told to (defect 27)', async () => {
    let written = 0;
    const endless = await http((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536;
      };
      response.on('drain', more);
      more();
    });
    const answer = await post(endless);
    expect(answer).toMatchObject({ kind: 'answer', status: 200, text: 'x'.repeat(1_000) });
    expect(written).toBeLessThan(16 * 1024 * 1024);
  });

  it('follows no redirect', async () => {
    let elsewhere = 0;
    const other = await http((_request, response) => (elsewhere++, response.end()));
    const answer = await post(
      await http((_request, response) => response.writeHead(307, { location: other.href }).end()),
    );
    expect(answer).toMatchObject({ kind: 'answer', status: 307 });
    expect(elsewhere).toBe(0);
  });

  it('refuses what could not be a header instead of throwing', async () => {
    expect((await post(await http(() => {}), { headers: { authorization: 'a\nb' } })).kind).toBe('not_sent');
  });
});

it('judges answers: refused, not done, not known', () => {
  const judge = (status: number) => {
    const result = judgeAnswer({ kind: 'answer', status, text: '', headers: {} });
    return result.outcome === 'failed' ? `failed${result.again ? ', again' : ''}` : result.outcome;
  };
  expect(
    Object.fromEntries(
      [202, 302, 400, 401, 404, 409, 412, 429, 500, 502, 503, 504].map((status) => [status, judge(status)]),
    ),
  ).toEqual({
    202: 'uncertain',
    302: 'failed',
    400: 'failed',
    401: 'failed',
    404: 'failed',
    409: 'refused',
    412: 'refused',
    429: 'failed, again',
    500: 'failed, again',
    502: 'uncertain',
    503: 'failed, again',
    504: 'uncertain',
  });
});

it('names the variable that is missing or wrong, never its value', () => {
  const address = (text?: string) => addressFrom({ SHOP_URL: text }, 'SHOP_URL');
  expect(address()).toEqual({ ok: false, reason: 'SHOP_URL is not set' });
  for (const wrong of ['nonsense', 'ftp://user:hunter2@shop/']) {
    const result = address(wrong);
    expect(result.ok).toBe(false);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  }
});
