import { request as requestPlain, type IncomingHttpHeaders } from 'node:http';
import { request as requestTls } from 'node:https';
import { AddressRefused, outgoing } from '@nightshift/runtime';
import { errorMessage } from '@nightshift/types';

export type Outgoing = {
  url: URL;
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** Whether it may lie in a private network; see `outgoing`. */
  allowPrivate: boolean;
  /** The rest of a longer answer is not read. */
  maxBytes: number;
};

export type Answer =
  | { kind: 'answer'; status: number; text: string; headers: IncomingHttpHeaders }
  /** It may not be asked at all. */
  | { kind: 'forbidden'; reason: string }
  /** No connection was made, so nothing can have happened. */
  | { kind: 'not_sent'; reason: string }
  /** A connection was made, but no whole answer came: it may have happened. */
  | { kind: 'no_answer'; reason: string };

/**
 * One HTTP request on a connection of its own: a kept connection that the other side just closed would make "was it sent?" unanswerable.
 * Follows no redirect. Never throws.
 */
export function call({ url, method, headers = {}, body, signal, allowPrivate, maxBytes }: Outgoing): Promise<Answer> {
  return new Promise((resolve) => {
    let connected = false;
    const fail = (error: unknown) => {
      if (error instanceof AddressRefused) return resolve({ kind: 'forbidden', reason: error.message });
      const reason = signal.aborted
        ? 'no answer in time'
        : errorMessage(error) || String((error as { code?: string }).code);
      return resolve(
        connected
          ? { kind: 'no_answer', reason }
          : { kind: 'not_sent', reason: `no connection to ${url.host}: ${reason}` },
      );
    };
    const length =
      body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
    try {
      const send = url.protocol === 'https:' ? requestTls : requestPlain;
      const pinned = outgoing(url, { allowPrivate });
      const sent = send(
        url,
        { method, headers: { ...length, ...headers }, signal, agent: false, ...pinned },
        (response) => {
          const chunks: Buffer[] = [];
          let size = 0;
          const done = () => {
            resolve({
              kind: 'answer',
              status: response.statusCode ?? 0,
              text: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'),
              headers: response.headers,
            });
            response.destroy();
          };
          response.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size >= maxBytes) done();
          });
          response.on('end', done);
          response.on('error', fail);
        },
      );
      sent.on('socket', (socket) =>
        socket.on(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => (connected = true)),
      );
      sent.on('error', fail);
      sent.end(body);
    } catch (error) {
      fail(error); // an invalid header or address: thrown before anything was sent
    }
  });
}

/** The address that an environment variable holds, or what is wrong with it; never its value, which may hold a password. */
export function addressFrom(
  env: Record<string, string | undefined>,
  name: string,
): { ok: true; url: URL } | { ok: false; reason: string } {
  const text = env[name];
  if (!text) return { ok: false, reason: `${name} is not set` };
  if (!URL.canParse(text)) return { ok: false, reason: `${name} does not hold an address` };
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return { ok: false, reason: `${name} must hold an http or https address` };
  return { ok: true, url };
}
