import type { Redis } from 'ioredis';

const scanCount = 500;

/**
 * Unlinks every key that starts with `prefix`, literally, on each master; returns how many. SCAN and UNLINK in small steps: KEYS and
 * one great DEL would stop the server. Keys that existed all the while are found; ones written meanwhile may stay, as in any cache.
 */
export async function removePrefix(masters: Redis[], prefix: string, signal: AbortSignal): Promise<number> {
  const literal = Buffer.from(prefix);
  const pattern = `${escapeGlob(prefix)}*`;
  let removed = 0;
  for (const master of masters) {
    let cursor = '0';
    do {
      signal.throwIfAborted();
      const [next, keys] = await master.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', scanCount);
      cursor = next.toString();
      // The pattern has chosen already; this makes sure that no mistake in it can cost a foreign key.
      removed += await unlink(
        master,
        keys.filter((key) => key.subarray(0, literal.length).equals(literal)),
      );
    } while (cursor !== '0');
  }
  return removed;
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
