import { request as plainRequest } from 'node:http';
import { request as secureRequest, type RequestOptions } from 'node:https';
import { outgoing } from '@nightshift/runtime';

const bodyBytes = 1024 * 1024;

export type HttpAnswer = { status: number; text: string };
export type GetOptions = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'socketPath'> & {
  signal: AbortSignal;
  token?: string | undefined;
};

/**
 * A GET over a connection of its own, which ends with it or is cut when the signal aborts. The answer is read to its end, up to
 * 1 MiB. Redirects are not followed: an answer from elsewhere is none. Rejects for addresses that are never asked.
 */
export function get(url: URL, { token, ...options }: GetOptions): Promise<HttpAnswer> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return Promise.reject(new Error(`"${url.protocol}" is no protocol of the web`));
  const headers = { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    const ask = url.protocol === 'https:' ? secureRequest : plainRequest;
    const request = ask(url, { ...options, agent: false, headers, ...outgoing(url, { allowPrivate: true }) });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > bodyBytes) request.destroy(new Error(`the answer is larger than ${bodyBytes} bytes`));
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    request.end();
  });
}
