import { startLoop } from '@nightshift/lifecycle';
import type { Queue } from '@nightshift/queue';
import { errorMessage, NightshiftError } from '@nightshift/types';

/** Decides at the door, before a body is read, whether this process can take another request. */
export type Gate = {
  /** Reserves a body's bytes until `release`. Throws QUEUE_BEHIND, QUEUE_UNAVAILABLE or INGEST_BUSY. */
  admit(bytes: number): { release(): void };
  inFlightBytes(): number;
  /** How long the oldest batch of any shard has waited for its detector, in ms, as of the last look. */
  lagMs(): number;
  close(): Promise<void>;
};

export type GateLimits = { maxLagMs: number; maxWaitingJobs: number; maxInFlightBytes: number };

const everyMs = 1_000;

/** Looks at the queue each second, the first time at once; until that look is over it admits. */
export function openGate(
  queue: Pick<Queue, 'depth'>,
  options: { shards: number; limits: GateLimits; onError: (error: unknown) => void },
): Gate {
  const { shards, limits, onError } = options;
  let inFlight = 0;
  let lagMs = 0;
  let shut: NightshiftError | undefined;

  const look = async () => {
    const depths = await Promise.all(Array.from({ length: shards }, (_, shard) => queue.depth('samples', shard)));
    lagMs = Math.max(...depths.map((depth) => depth.oldestWaitMs));
    const waiting = Math.max(...depths.map((depth) => depth.waiting));
    const behind =
      lagMs > limits.maxLagMs
        ? `a batch of samples has waited ${Math.round(lagMs / 1_000)} s for its detector`
        : waiting > limits.maxWaitingJobs
          ? `${waiting} batches of samples wait in one shard`
          : undefined;
    shut = behind === undefined ? undefined : new NightshiftError('QUEUE_BEHIND', behind);
  };

  const loop = startLoop({
    everyMs,
    onError,
    async round() {
      await look().catch((error: unknown) => {
        shut = error instanceof NightshiftError ? error : new NightshiftError('QUEUE_UNAVAILABLE', errorMessage(error));
        throw error;
      });
      return 'idle';
    },
  });

  return {
    admit(bytes) {
      if (shut) throw new NightshiftError(shut.code, shut.message);
      // One request is always let in, however large: the body limit bounds it.
      if (inFlight > 0 && inFlight + bytes > limits.maxInFlightBytes) {
        throw new NightshiftError('INGEST_BUSY', `${inFlight} bytes of requests are being worked on`);
      }
      inFlight += bytes;
      let held = bytes;
      return {
        release() {
          inFlight -= held;
          held = 0;
        },
      };
    },
    inFlightBytes: () => inFlight,
    lagMs: () => lagMs,
    close: () => loop.close(),
  };
}
