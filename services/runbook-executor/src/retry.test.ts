import type { ActionClass } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { SendResult } from './providers/provider.ts';
import { afterAttempt } from './retry.ts';

const failed: SendResult = { outcome: 'failed', detail: '', again: true };
const forGood: SendResult = { outcome: 'failed', detail: '', again: false };
const uncertain: SendResult = { outcome: 'uncertain', detail: '' };
const refused: SendResult = { outcome: 'refused', detail: '' };
const after = (
  result: SendResult,
  more: { class?: ActionClass; attempt?: number; maxRetries?: number; backOffMs?: number; recovered?: boolean } = {},
) => {
  const next = afterAttempt(result, { class: 'idempotent', attempt: 1, maxRetries: 1, recovered: false, ...more });
  return next.kind === 'final' ? next.state : `${next.certainty} in ${next.afterMs}`;
};

describe('after an attempt', () => {
  it('retries as often as declared, no more, with a doubling pause (defects 29 and 30)', () => {
    expect(after(failed, { maxRetries: 0 })).toBe('failed');
    expect([1, 2, 3].map((attempt) => after(failed, { attempt, maxRetries: 2 }))).toEqual([
      'not_done in 1000',
      'not_done in 2000',
      'failed',
    ]);
    expect(after(failed, { attempt: 5, maxRetries: 5 })).toBe('not_done in 16000');
    expect([1, 2, 3].map((attempt) => after(failed, { attempt, maxRetries: 5, backOffMs: 20_000 }))).toEqual([
      'not_done in 20000',
      'not_done in 40000',
      'not_done in 60000',
    ]);
  });

  it('does not repeat what can be neither repeated nor asked about', () => {
    expect(after(uncertain, { class: 'once', maxRetries: 5 })).toBe('unknown');
    expect(after(failed, { class: 'once', maxRetries: 5 })).toBe('failed');
  });

  it('does not repeat what was refused, or failed for good', () => {
    expect(after(refused, { maxRetries: 5 })).toBe('failed');
    expect(after(forGood, { maxRetries: 5 })).toBe('failed');
  });

  it('never calls a doubt a failure: after one uncertain attempt only success settles it', () => {
    expect(after(uncertain)).toBe('uncertain in 1000');
    expect(after(uncertain, { attempt: 2 })).toBe('unknown');
    expect(after(refused, { attempt: 2, recovered: true })).toBe('unknown');
    expect(after(failed, { attempt: 1, recovered: true })).toBe('uncertain in 1000');
    expect(after({ outcome: 'succeeded', detail: '' }, { recovered: true })).toBe('succeeded');
  });
});
