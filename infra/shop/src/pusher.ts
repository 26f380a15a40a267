export type Sample = { name: string; value: number; timestamp: number; labels: Record<string, string> };

/** Sends samples to ingest, in order, one request at a time. */
export type Pusher = {
  /** Takes samples for the next request; when the buffer is full the oldest are dropped. Never throws, never waits. */
  push(samples: Sample[]): void;
  /** Resolves when everything taken so far was accepted, refused for good, or dropped. */
  flushed(): Promise<void>;
  dropped(): number;
  close(): void;
};

export type PusherOptions = {
  /** Base URL of ingest. */
  url: string;
  token: string;
  log: (message: string) => void;
  bufferSamples?: number;
  batchSamples?: number;
  firstRetryMs?: number;
};

const longestRetryMs = 2_000;
const requestTimeoutMs = 10_000;

/**
 * A bounded buffer in front of `POST /v1/samples`. Refused connections, 429 and 5xx are tried again with doubling back-off (or
 * after Retry-After); any other answer means that sending again would not help: those samples are dropped, and it says so.
 */
export function createPusher(options: PusherOptions): Pusher {
  const { bufferSamples = 20_000, batchSamples = 5_000, firstRetryMs = 250 } = options;
  let buffer: Sample[] = [];
  let lost = 0;
  let sending: Promise<void> | undefined;
  const stop = new AbortController();

  const drain = async () => {
    let retryMs = firstRetryMs;
    while (buffer.length > 0 && !stop.signal.aborted) {
      const batch = buffer.slice(0, batchSamples);
      const outcome = await send(options, batch, stop.signal);
      if (outcome.kind === 'again') {
        await pause(outcome.afterMs ?? retryMs, stop.signal);
        retryMs = Math.min(retryMs * 2, longestRetryMs);
        continue;
      }
      if (outcome.kind === 'refused') {
        lost += batch.length;
        options.log(`ingest refused ${batch.length} samples: ${outcome.reason}`);
      }
      retryMs = firstRetryMs;
      const sent = new Set(batch); // while it was under way, the oldest may have been dropped
      buffer = buffer.filter((sample) => !sent.has(sample));
    }
  };

  return {
    push(samples) {
      buffer.push(...samples);
      if (buffer.length > bufferSamples) {
        lost += buffer.length - bufferSamples;
        buffer = buffer.slice(-bufferSamples);
      }
      sending ??= drain().finally(() => (sending = undefined));
    },
    async flushed() {
      while (sending) await sending;
    },
    dropped: () => lost,
    close: () => stop.abort(),
  };
}

type Outcome = { kind: 'taken' } | { kind: 'again'; afterMs?: number } | { kind: 'refused'; reason: string };

async function send(options: PusherOptions, samples: Sample[], signal: AbortSignal): Promise<Outcome> {
  try {
    const response = await fetch(`${options.url}/v1/samples`, {
      method: 'POST',
      headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ samples }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    const text = await response.text();
    if (response.ok) return { kind: 'taken' };
    if (response.status !== 429 && response.status < 500)
      return { kind: 'refused', reason: `${response.status} ${text.slice(0, 300)}` };
    const seconds = Number(response.headers.get('retry-after'));
    return { kind: 'again', afterMs: seconds > 0 ? seconds * 1_000 : undefined };
  } catch {
    return { kind: 'again' }; // refused, reset, or no answer in time
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
