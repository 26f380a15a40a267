import { createHash } from 'node:crypto';
import type { Plan } from '@nightshift/types';

/** JSON with sorted keys and no spaces: one text per value. Throws a TypeError for what JSON cannot say (NaN, undefined, functions). */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const record = value as Record<string, unknown>;
    const keys = Object.keys(record).sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`).join(',')}}`;
  }
  throw new TypeError(`a ${typeof value} has no canonical JSON`);
}

/**
 * What an approver signs: SHA-256 (hex) of the canonical JSON of the whole plan but the time it was made, so that one made again to the
 * same effect is the same.
 */
export function planHash({ madeAt: _, ...plan }: Plan): string {
  return createHash('sha256').update(canonicalJson(plan)).digest('hex');
}
