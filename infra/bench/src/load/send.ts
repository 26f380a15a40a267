import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export type Target = { port: number; path: string; headers: Record<string, string> };
/** How often a target said 503, which a sender answers by sending the same again. */
export type Sent = { retries: number };
/** What one connection sends, in this order. */
export type Bodies = Iterable<Buffer> | AsyncIterable<Buffer>;

export const remoteWriteHeaders = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'x-prometheus-remote-write-version': '0.1.0',
};

const answerMs = 30_000;
const retryMs = 100;

/**
 * Sends bodies over one connection per lane, each when the one before is answered. By hand on plain sockets: the sender shares the
 * processors with what is measured, so it must cost next to nothing. Rejects on any answer but 2xx and 503.
 */
export async function sendLanes(
  target: Target | ((lane: number) => Target),
  lanes: Bodies[],
  signal: AbortSignal,
): Promise<Sent> {
  const targetOf = typeof target === 'function' ? target : () => target;
  const sent = await Promise.all(lanes.map((bodies, lane) => sendLane(targetOf(lane), bodies, signal)));
  return { retries: sent.reduce((sum, { retries }) => sum + retries, 0) };
}

async function sendLane(target: Target, bodies: Bodies, signal: AbortSignal): Promise<Sent> {
  const socket = connect({ port: target.port, host: '127.0.0.1', noDelay: true });
  const { headers } = target;
  const head = [
    `POST ${target.path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
  ].join('\r\n');
  const answerOf = answers(socket);
  let retries = 0;
  try {
    for await (const body of bodies) {
      for (;;) {
        signal.throwIfAborted();
        socket.cork();
        socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n`);
        socket.write(body);
        socket.uncork();
        const { status, text } = await answerOf();
        if (status >= 200 && status < 300) break;
        if (status !== 503) throw new Error(`${target.path} answered ${status}: ${text.slice(0, 500)}`);
        retries += 1;
        await pause(retryMs);
      }
    }
  } finally {
    socket.destroy();
  }
  return { retries };
}

type Answer = { status: number; text: string };

/** Reads answers one at a time: a head, and a body of the length that it names. */
function answers(socket: Socket): () => Promise<Answer> {
  let buffered = '';
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  let broken: Error | undefined;
  const fail = (error: Error) => {
    broken = error;
    waiting?.reject(error);
  };
  socket.setTimeout(answerMs, () => fail(new Error(`no answer within ${answerMs / 1_000} s`)));
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the connection was closed')));
  socket.on('data', (chunk: Buffer) => {
    buffered += chunk.toString('latin1');
    const headEnd = buffered.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(buffered.slice(0, headEnd))?.[1] ?? 0);
    if (buffered.length < headEnd + 4 + length) return;
    const answer = { status: Number(buffered.slice(9, 12)), text: buffered.slice(headEnd + 4) };
    buffered = '';
    waiting?.resolve(answer);
  });
  return () =>
    broken
      ? Promise.reject(broken)
      : new Promise((resolve, reject) => {
          waiting = { resolve, reject };
        });
}
