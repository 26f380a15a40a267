import { cachePrefix } from '@nightshift/runbooks';
import { errorMessage } from '@nightshift/types';
import { plannedCall, refuse, type ProviderOf, type SendResult } from '../provider.ts';
import { connectMasters } from './masters.ts';
import { removePrefix } from './remove-prefix.ts';

/** Prefixes of queues: removing them would remove other people's work, and Nightshift's own doorbell. */
const queuePrefixes = ['bull:', '{nightshift}'];

/** Caches in Redis: keys under one allow-listed, literal prefix are unlinked. Doing it again is harmless. */
export const redisProvider: ProviderOf<'redis'> = {
  supports: ['clear_cache'],

  async plan({ target, params, env }) {
    const named = cachePrefix(params);
    if (!named.ok) return refuse(named.reason);
    if (target.clearPrefixes.length === 0)
      return refuse(`the catalogue lists no clearPrefixes for ${target.id}: nothing there may be cleared`);
    if (named.value === undefined && target.clearPrefixes.length > 1) {
      return refuse(
        `${target.id} allows several prefixes (${target.clearPrefixes.join(', ')}): the runbook must name one`,
      );
    }
    const prefix = named.value ?? target.clearPrefixes[0]!;
    const refusal = prefixRefusal(prefix, target.clearPrefixes);
    if (refusal) return refuse(refusal);
    if (!env[target.urlEnv]) return refuse(`${target.urlEnv} is not set`);
    return plannedCall('idempotent', {
      params: { prefix },
      precondition: {},
      summary: `clear the cache keys under "${prefix}" in ${target.id}`,
      undo: 'cannot be undone: the cache fills again by itself',
    });
  },

  async send({ target, action, env, signal }) {
    const prefix = String(action.params['prefix'] ?? '');
    const refusal = prefixRefusal(prefix, target.clearPrefixes);
    if (refusal) return { outcome: 'refused', detail: refusal };
    const url = env[target.urlEnv];
    if (!url) return { outcome: 'refused', detail: `${target.urlEnv} is not set` };
    const connected = await connectMasters(url, signal);
    if (!connected.ok) return { outcome: 'failed', detail: connected.reason, again: true };
    try {
      const removed = await removePrefix(connected.masters, prefix, target.clearKeysPerSecond, signal);
      return { outcome: 'succeeded', detail: `removed ${removed} keys under "${prefix}"` };
    } catch (error) {
      return failure(error, signal);
    } finally {
      connected.close();
    }
  },
};

/** The prefix must be an allow-listed one, to the letter. */
function prefixRefusal(prefix: string, allowed: string[]): string | null {
  if (!allowed.includes(prefix))
    return `"${prefix}" is none of the prefixes that the catalogue allows (${allowed.join(', ')})`;
  const queue = queuePrefixes.find((name) => prefix.startsWith(name) || name.startsWith(prefix));
  return queue === undefined ? null : `"${prefix}" covers the keys of a queue ("${queue}"): it is never cleared`;
}

function failure(error: unknown, signal: AbortSignal): SendResult {
  if (signal.aborted)
    return { outcome: 'uncertain', detail: 'not finished in time: a part of the keys may be removed' };
  // An answer of Redis itself (READONLY, NOPERM, NOAUTH): it did not do this one.
  const answered = error instanceof Error && error.name === 'ReplyError';
  if (answered) return { outcome: 'failed', detail: errorMessage(error), again: false };
  return { outcome: 'uncertain', detail: `a part of the keys may be removed: ${errorMessage(error)}` };
}
