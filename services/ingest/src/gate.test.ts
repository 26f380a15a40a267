import { eventually } from '@nightshift/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { openGate, type Gate } from './gate.ts';

const idle = { waiting: 0, active: 0, delayed: 0, failed: 0, oldestWaitMs: 0 };
const limits = { maxLagMs: 1_000, maxWaitingJobs: 10, maxInFlightBytes: 100 };
let gate: Gate;
afterEach(() => gate.close());

/** A gate before a queue of two shards, of which the second is as given. */
function gateBefore(second: () => Promise<Partial<typeof idle>>): Gate {
  const depth = async (_job: string, shard?: number) => (shard === 1 ? { ...idle, ...(await second()) } : idle);
  return (gate = openGate({ depth }, { shards: 2, limits, onError: () => {} }));
}

const code = (work: () => unknown): string => {
  try {
    work();
    return 'admitted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the gate', () => {
  it.each([
    ['a batch has waited too long in any shard', { oldestWaitMs: 1_001 }, 'QUEUE_BEHIND'],
    ['too many batches wait in any shard', { waiting: 11 }, 'QUEUE_BEHIND'],
  ])('is shut when %s', async (_name, depth, expected) => {
    gateBefore(async () => depth);
    await eventually(() => expect(code(() => gate.admit(1))).toBe(expected));
  });

  it('is shut while the queue does not answer, and opens by itself', async () => {
    let up = false;
    gateBefore(async () => (up ? idle : Promise.reject(new Error('connection refused'))));
    await eventually(() => expect(code(() => gate.admit(1))).toBe('QUEUE_UNAVAILABLE'));
    up = true;
    await eventually(() => expect(code(() => gate.admit(0))).toBe('admitted'));
  });

  it('bounds the bytes in flight, and gives them back once', () => {
    gateBefore(async () => idle);
    const first = gate.admit(60);
    expect(code(() => gate.admit(60))).toBe('INGEST_BUSY');
    const second = gate.admit(40);
    first.release();
    first.release();
    expect(gate.inFlightBytes()).toBe(40);
    second.release();
    expect(gate.inFlightBytes()).toBe(0);
  });

  it('lets one request in, however large', () => {
    gateBefore(async () => idle);
    expect(code(() => gate.admit(1_000))).toBe('admitted');
  });
});
