import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';

const scanCount = 500;
/** A second's worth of keys goes in so many steps. */
const stepsPerSecond = 20;

/**
 * Unlinks every key that starts with `prefix`, literally, on each master; returns how many. SCAN and UNLINK in small steps: KEYS and
 * one great DEL would stop the server, and a cache emptied at once sends everybody to what lies behind it, so no more than
 * `keysPerSecond` go. Keys that existed all the while are found; ones written meanwhile may stay, as in any cache.
 */
export async function removePrefix(
  masters: Redis[],
  prefix: string,
  keysPerSecond: number,
  signal: AbortSignal,
): Promise<number> {
  const literal = Buffer.from(prefix);
  const pattern = `${escapeGlob(prefix)}*`;
  const step = Math.max(1, Math.floor(keysPerSecond / stepsPerSecond));
  let removed = 0;
  for (const master of masters) {
    const pace = pacer(keysPerSecond, signal);
    let cursor = '0';
    do {
      signal.throwIfAborted();
      const [next, keys] = await master.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', scanCount);
      cursor = next.toString();
      // The pattern has chosen already; this makes sure that no mistake in it can cost a foreign key.
      const own = keys.filter((key) => key.subarray(0, literal.length).equals(literal));
      for (let at = 0; at < own.length; at += step) {
        removed += await unlink(master, own.slice(at, at + step));
        await pace(own.slice(at, at + step).length);
      }
    } while (cursor !== '0');
  }
  return removed;
}

/** Waits as long as so many keys take at this rate; what a slow server cost is not caught up with by a burst. */
function pacer(perSecond: number, signal: AbortSignal): (count: number) => Promise<void> {
  let dueAt = 0;
  return async (count) => {
    const now = performance.now();
    dueAt = Math.max(dueAt, now) + (count / perSecond) * 1_000;
    if (dueAt - now > 1) await delay(dueAt - now, undefined, { signal });
  };
}

/** One UNLINK per key, pipelined: keys of one step lie in different slots of a cluster. */
async function unlink(master: Redis, keys: Buffer[]): Promise<number> {
  if (keys.length === 0) return 0;
  const pipeline = master.pipeline();
  for (const key of keys) pipeline.unlink(key);
  const answers = (await pipeline.exec()) ?? [];
  const failed = answers.find(([error]) => error !== null);
  if (failed) throw failed[0]!;
  return answers.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Makes a text match only itself in a Redis glob. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
