import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import { outgoing } from '@nightshift/runtime';

/** Where a page goes, and whether that may lie in a private network. */
export type Destination = { url: URL; allowPrivate: boolean };

const answerChars = 500;

/**
 * One POST over a connection of its own, which is gone when this settles. Redirects are not followed; of the answer only the first
 * 500 characters are read. Rejects when nothing answers, or the signal aborts.
 */
export function post(
  { url, allowPrivate }: Destination,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? secureRequest : plainRequest;
    const request = send(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal,
      ...outgoing(url, { allowPrivate }),
    });
    request.on('error', (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    request.on('response', (response) => {
      beginning(response).then((text) => {
        request.destroy();
        resolve({ status: response.statusCode ?? 0, text });
      }, reject);
    });
    request.end(body);
  });
}

async function beginning(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length >= answerChars) break; // leaving the loop destroys the stream
  }
  return text.slice(0, answerChars);
}
