import { describe, expect, it } from 'vitest';
import { factChanges } from './fact-changes.ts';

const looked = (status: 'ok' | 'degraded', facts: Record<string, number | string | boolean | null>, target = 'db') => ({
  check: 'database_locks' as const,
  target,
  status,
  facts,
});

describe('what an action changed', () => {
  it('is the status first, then every fact that differs by more than noise', () => {
    const before = [looked('degraded', { blocked: 4, rootState: 'idle in transaction', longestTransactionMs: 1_000 })];
    const after = [looked('ok', { blocked: 0, rootState: null, longestTransactionMs: 1_050 })];
    expect(factChanges(before, after)).toEqual([
      { check: 'database_locks', target: 'db', fact: 'status', before: 'degraded', after: 'ok' },
      { check: 'database_locks', target: 'db', fact: 'blocked', before: 4, after: 0 },
      { check: 'database_locks', target: 'db', fact: 'rootState', before: 'idle in transaction', after: null },
    ]);
  });

  it('is nothing where nothing changed, and leaves out what only one round looked at', () => {
    expect(factChanges([looked('ok', { blocked: 0 })], [looked('ok', { blocked: 0 })])).toEqual([]);
    expect(factChanges([looked('ok', {})], [looked('degraded', {}, 'other')])).toEqual([]);
  });

  it('is bounded', () => {
    const many = (n: number) => Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`f${i}`, i + n]));
    expect(factChanges([looked('ok', many(0))], [looked('ok', many(1_000))])).toHaveLength(50);
  });
});
