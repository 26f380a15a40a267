import { Threshold } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { undecided } from '../series/undecided.ts';
import { judgeThreshold, type Breach, type Judgement } from './threshold.ts';

const start = 1_700_000_000_000;

/** Judges values 10 s apart, of a series that nothing is learned of. */
function run(given: Record<string, unknown>, values: number[]): Judgement[] {
  const threshold = Threshold.parse(given);
  let breach: Breach | undefined;
  return values.map((value, i) => {
    const judged = judgeThreshold(threshold, breach, start + i * 10_000, undecided(value, 'not_judged'));
    breach = judged.breach;
    return judged.judgement;
  });
}
const states = (judged: Judgement[]) => judged.map(({ state }) => (state === 'anomalous' ? 'x' : '.')).join('');

describe('a fixed limit', () => {
  it('is passed at once, or after its time without a sample that keeps it', () => {
    expect(states(run({ above: 100 }, [100, 101, 99, 101]))).toBe('.x.x');
    expect(states(run({ above: 100, forSeconds: 30 }, [101, 101, 101, 101, 101, 99, 101]))).toBe('...xx.x');
    expect(states(run({ above: 100, forSeconds: 30 }, [101, 101, 99, 101, 101, 101, 101]))).toBe('......x');
    expect(states(run({ below: 0.9 }, [1, 0.89, 0.9]))).toBe('.x.');
  });

  it('has the shape of any anomaly, and says why', () => {
    const [judged] = run({ above: 100, forSeconds: 0, severity: 'warning' }, [250]);
    expect(judged).toMatchObject({
      state: 'anomalous',
      value: 250,
      expected: 100,
      low: 0,
      high: 100,
      severity: 'warning',
      direction: 'up',
      reason: 'above 100',
      episodeAt: start,
    });
    expect(run({ below: 0.9, forSeconds: 10 }, [0.5, 0.4])[1]).toMatchObject({
      severity: 'critical',
      score: 16,
      direction: 'down',
      reason: 'below 0.9 for 10 s',
      episodeAt: start,
    });
  });

  it('stands beside what was learned: both bands hold, the worse severity counts', () => {
    const learned = {
      ...undecided(250, 'learning'),
      state: 'anomalous' as const,
      expected: 90,
      low: 80,
      high: 120,
      score: 5,
      severity: 'critical' as const,
    };
    const { judgement } = judgeThreshold(
      Threshold.parse({ above: 100, severity: 'warning' }),
      undefined,
      start,
      learned,
    );
    expect(judgement).toMatchObject({ expected: 90, low: 80, high: 100, severity: 'critical', score: 8 });
  });

  it('one episode ends only after a minute and three samples that keep the limit', () => {
    const judged = run({ above: 100 }, [101, 99, 99, 101, ...Array.from({ length: 8 }, () => 99)]);
    expect(judged.map(({ episodeAt }) => episodeAt)).toEqual([...Array.from({ length: 10 }, () => start), null, null]);
  });

  it('never fires for values that keep it, and always for a run that is long enough', () => {
    const property = (values: number[], forSeconds: number) => {
      const judged = run({ above: 0, forSeconds }, values);
      judged.forEach(({ state }, i) => {
        if (values[i]! <= 0) expect(state).not.toBe('anomalous');
        const needed = Math.ceil(forSeconds / 10) + 1;
        const run = values.slice(Math.max(0, i - needed + 1), i + 1);
        if (run.length === needed && run.every((value) => value > 0)) expect(state).toBe('anomalous');
      });
    };
    fc.assert(fc.property(fc.array(fc.integer({ min: -1, max: 1 }), { maxLength: 40 }), fc.nat(60), property));
  });
});
