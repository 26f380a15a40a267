import { PassThrough, type Readable } from 'node:stream';
import { NightshiftError } from '@nightshift/types';

/** What the page is told: an incident changed, a switch was thrown, "read everything again", or whether we hear anything at all. */
export type LiveEvent =
  | { event: 'incident'; id: string }
  | { event: 'setting' }
  | { event: 'refresh' }
  | { event: 'hearing'; ok: boolean };

export type Hub = {
  /** A stream of server-sent events. Throws CONSOLE_BUSY when there are too many. Ends at `expiresAt` (epoch ms, process clock). */
  subscribe(expiresAt: number): Readable;
  send(event: LiveEvent): void;
  /** Remembered, and told to whoever comes later. */
  hearing(ok: boolean): void;
  count(): number;
  close(): void;
};

/** A reader that is this far behind is cut off; it comes back by itself and reads again. */
const mostUnreadBytes = 64 * 1024;
const retryMs = 2_000;

/** Hands live events to every page that follows them. */
export function createHub(options: { clients: number; heartbeatMs?: number }): Hub {
  const clients = new Map<PassThrough, number>();
  let hearing = true;

  const write = (stream: PassThrough, text: string) => {
    if (stream.writableLength > mostUnreadBytes) stream.destroy();
    else stream.write(text);
  };
  const beat = setInterval(() => {
    for (const [stream, expiresAt] of clients) {
      if (expiresAt <= Date.now()) stream.end();
      else write(stream, ': here\n\n');
    }
  }, options.heartbeatMs ?? 15_000);
  beat.unref();

  const send = (event: LiveEvent) => {
    for (const stream of clients.keys()) write(stream, format(event));
  };

  return {
    subscribe(expiresAt) {
      if (clients.size >= options.clients) {
        throw new NightshiftError('CONSOLE_BUSY', `${clients.size} pages follow live events already`);
      }
      const stream = new PassThrough({ highWaterMark: mostUnreadBytes });
      clients.set(stream, expiresAt);
      stream.on('close', () => clients.delete(stream));
      stream.on('error', () => clients.delete(stream));
      stream.write(`retry: ${retryMs}\n\n${format({ event: 'hearing', ok: hearing })}${format({ event: 'refresh' })}`);
      return stream;
    },
    send,
    hearing(ok) {
      hearing = ok;
      send({ event: 'hearing', ok });
      if (ok) send({ event: 'refresh' });
    },
    count: () => clients.size,
    close() {
      clearInterval(beat);
      for (const stream of clients.keys()) stream.end();
    },
  };
}

/** One server-sent event; JSON has no line break, which would end it. */
const format = ({ event, ...data }: LiveEvent) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
