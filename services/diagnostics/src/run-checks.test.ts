import { inputLimits } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { Check, Finding, SubjectOf } from './check.ts';
import { runChecks } from './run-checks.ts';
import { context } from './stand-ins.ts';

const never = new AbortController().signal;
const service: SubjectOf<'service'> = { kind: 'service', id: 'shop', inCatalogue: true, dependencies: [] };
const check = (run: Check['run']): Check => ({
  id: 'http_probe',
  appliesTo: (subject): subject is never => subject.kind === 'service',
  run,
});
const ok: Finding = { status: 'ok', facts: {}, output: 'fine' };

const runAll = (runs: Check['run'][], options: { deadlineMs?: number; signal?: AbortSignal } = {}) =>
  runChecks({
    checks: runs.map(check),
    subjects: [service],
    surroundings: context({ subject: service, at: 1_000_000 }),
    deadlineMs: options.deadlineMs ?? 5_000,
    signal: options.signal ?? never,
  });

describe('running checks', () => {
  it('runs them all at the same time', async () => {
    let running = 0;
    let meet = () => {};
    const met = new Promise<void>((resolve) => (meet = resolve));
    const wait = async () => {
      if (++running === 4) meet();
      await met; // none ends before all have begun
      return ok;
    };
    expect((await runAll([wait, wait, wait, wait])).map((each) => each.status)).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('defect 25: reports a check that fails as unknown with its reason, and really measures its time', async () => {
    const slowly = async (): Promise<Finding> => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      throw new Error('cannot look');
    };
    const [failed, fine] = await runAll([slowly, async () => ok]);
    expect(failed).toMatchObject({ status: 'unknown', output: 'cannot look' });
    expect(failed!.durationMs).toBeGreaterThanOrEqual(55);
    expect(failed!.durationMs).toBeLessThan(2_000);
    expect(fine).toMatchObject({ status: 'ok', output: 'fine' });
  });

  it('defect 20: cancels at the deadline, and is not held up by a check that ignores it', async () => {
    let cancelled = false;
    const heeding: Check['run'] = ({ signal }) =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => ((cancelled = true), reject(signal.reason as Error))),
      );
    const deaf: Check['run'] = () => new Promise(() => {});
    const results = await runAll([heeding, deaf], { deadlineMs: 50 });
    expect(results.map((each) => each.status)).toEqual(['unknown', 'unknown']);
    expect(results.every((each) => each.output === 'no answer within 50 ms, cancelled')).toBe(true);
    expect(cancelled).toBe(true);
  });

  it('lets a check say at the deadline what it saw until then', async () => {
    const seen: Check['run'] = ({ signal }) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve({ status: 'down', facts: {}, output: 'connected, silent' })),
      );
    expect(await runAll([seen], { deadlineMs: 50 })).toMatchObject([{ status: 'down', output: 'connected, silent' }]);
  });

  it('stops with the job', async () => {
    const abort = new AbortController();
    const running = runAll([() => new Promise(() => {})], { signal: abort.signal });
    abort.abort(new Error('shutting down'));
    expect(await running).toMatchObject([{ status: 'unknown', output: 'shutting down' }]);
  });

  it('redacts and bounds whatever a check says (defect 27)', async () => {
    const leaky = async (): Promise<Finding> => ({
      status: 'ok',
      facts: { code: `postgres://app:canary@db/x ${'x'.repeat(10_000)}`, stranger: 'canary' },
      output: `password=canary ${'y'.repeat(10_000)}`,
    });
    const throwing = () => Promise.reject(new Error('connect postgres://app:canary@db/x failed'));
    const [said, thrown] = await runAll([leaky, throwing]);
    expect(JSON.stringify([said, thrown])).not.toContain('canary');
    expect(said!.output.length).toBeLessThanOrEqual(inputLimits.outputChars);
    expect(String(said!.facts['code']).length).toBe(256);
    expect(Object.keys(said!.facts)).toEqual(['code']);
  });

  it('gives numbers that are none as null, knowingly (defects 22 and 55)', async () => {
    const [result] = await runAll([
      async () => ({ ...ok, facts: { status: Number.NaN, latencyMs: Infinity, expectStatus: 1 } }),
    ]);
    expect(result!.facts).toEqual({ status: null, latencyMs: null, expectStatus: 1 });
  });
});
