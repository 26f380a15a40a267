import { describe, expect, it } from 'vitest';
import { attempt, LostJob, Released } from './attempt.ts';

const hang = (signal: AbortSignal) => new Promise<void>(() => void signal);
const obey = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to stop'))));

function limits() {
  const release = new AbortController();
  const lost = new AbortController();
  return { release, lost, given: { timeoutMs: 60_000, release: release.signal, graceMs: 30, lost: lost.signal } };
}

describe('one attempt at a job', () => {
  it('passes on success and the error of the handler, also one thrown at once', async () => {
    const { given } = limits();
    await attempt('verify', async () => {}, given);
    await expect(attempt('verify', () => Promise.reject(new Error('no')), given)).rejects.toThrow('no');
    const throws = () => {
      throw new Error('at once');
    };
    await expect(attempt('verify', throws, given)).rejects.toThrow('at once');
  });

  it.each([hang, obey])('ends with JOB_TIMEOUT whether or not the handler obeys its signal (%#)', async (handler) => {
    let told: AbortSignal | undefined;
    const work = (signal: AbortSignal) => handler((told = signal));
    await expect(attempt('verify', work, { ...limits().given, timeoutMs: 20 })).rejects.toMatchObject({
      code: 'JOB_TIMEOUT',
    });
    expect(told?.reason).toMatchObject({ code: 'JOB_TIMEOUT' });
  });

  it.each([hang, obey])('gives the job back when the consumer closes (%#)', async (handler) => {
    const { release, given } = limits();
    const ended = attempt('verify', handler, given);
    release.abort();
    await expect(ended).rejects.toBeInstanceOf(Released);
  });

  it('counts as done what is finished within the grace', async () => {
    const { release, given } = limits();
    const finish = (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    const ended = attempt('verify', finish, { ...given, graceMs: 5_000 });
    release.abort();
    await ended;
  });

  it('lets go at once of a job that another worker may have', async () => {
    const { lost, given } = limits();
    const ended = attempt('verify', hang, given);
    lost.abort();
    await expect(ended).rejects.toBeInstanceOf(LostJob);
  });
});
