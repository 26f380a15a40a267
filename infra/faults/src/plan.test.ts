import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';
import { amountsFor, planRounds, points } from './plan.ts';
import { randomFrom } from './random.ts';
import { report } from './report.ts';

const wipes = ['flushed', 'killed_without_log', 'killed_with_log'] as const;

describe('the plan of a run', () => {
  it('is the same for the same seed, and another for another', () => {
    const plan = (seed: number) => planRounds(amountsFor(60), wipes, randomFrom(seed));
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it('has as many of each as it was asked for, every named point among them', () => {
    const faults = planRounds(amountsFor(500), wipes, randomFrom(1)).flat();
    const count = (kind: string) => faults.filter((fault) => fault.kind === kind).length;
    expect([count('kill'), count('stop'), count('wipe'), count('restart')]).toEqual([500, 95, 15, 5]);
    const killed = faults.flatMap((fault) => (fault.kind === 'kill' ? fault.at : []));
    for (const point of Object.keys(points)) expect(killed.filter((at) => at === point).length).toBeGreaterThan(30);
  });
});

describe('the command', () => {
  it('says which option is wrong, and what was expected', () => {
    expect(() => readOptions(['--kills', 'many'])).toThrow(
      '--kills must be a whole number from 0 to 100000, not "many"',
    );
    expect(() => readOptions(['--queue', 'rabbit'])).toThrow('--queue must be redis or postgres, not "rabbit"');
    expect(() => readOptions(['--mutant', 'none'])).toThrow('--mutant must be one of no-limits');
    expect(readOptions(['--help'])).toBe('help');
    expect(readOptions(['--kills', '60', '--seed', '3'])).toMatchObject({
      kills: 60,
      stops: 11,
      wipes: 2,
      restarts: 1,
      seed: 3,
    });
  });

  it('is good only when nothing was lost, doubled, exceeded or left', () => {
    const outcome = {
      injected: [{ kind: 'kill' as const, at: 'random' }],
      incidents: { all: 2, resolved: 1, escalated: 1 },
      effects: 1,
      verdict: { lost: [], duplicated: [], exceeded: [], unfinished: [] as string[] },
      deaths: [],
      seconds: 1,
      kept: null,
    };
    expect(report(outcome)).toMatchObject({ good: true, figures: { kills: 1, incidents: 2, unfinished: 0 } });
    for (const wrong of ['lost', 'duplicated', 'exceeded', 'unfinished'] as const) {
      const { good, figures, words } = report({ ...outcome, verdict: { ...outcome.verdict, [wrong]: ['this one'] } });
      expect([good, figures[wrong], words.includes('this one')]).toEqual([false, 1, true]);
    }
  });
});
