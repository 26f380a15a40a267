import type { OverridesBySchedule } from '@nightshift/oncall';
import type { OnCall } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { policyOf, reach, recipientsOf, rungAfter, type Rung } from './on-call.ts';
import { notYet, oncall } from './stand-ins.ts';

describe('whom a level comes to', () => {
  const standard = policyOf(oncall(), undefined);
  const at = Date.now();
  const moment = (file: OnCall, overrides: OverridesBySchedule = new Map()) => ({ oncall: file, overrides, at });
  const level = (...notify: string[]) => ({ ...standard, levels: [{ notify, nextAfterSeconds: 60 }] });

  it('resolves schedules, people and channels, each channel of a person once', () => {
    expect(recipientsOf(moment(oncall()), level('primary', 'bob', 'inbox', 'ada'), 0)).toEqual([
      { recipient: 'ada', channel: 'pager' },
      { recipient: 'bob', channel: 'pager' },
      { recipient: 'inbox', channel: 'inbox' },
    ]);
  });

  it('is whoever was put in the place of those on duty', () => {
    const overrides = new Map([['primary', [{ person: 'bob', insteadOf: 'ada', from: at, to: at + 1 }]]]);
    expect(recipientsOf(moment(oncall(), overrides), level('primary'), 0)).toEqual([
      { recipient: 'bob', channel: 'pager' },
    ]);
  });

  it('is never nobody: it falls back to the console', () => {
    const future = oncall(notYet());
    expect(recipientsOf(moment(future), level('primary'), 0)).toEqual([
      { recipient: 'nobody-on-call', channel: 'inbox' },
    ]);
    const noConsole = oncall({ channels: [oncall().channels[0]!] });
    expect(recipientsOf(moment(noConsole), level('gone'), 0)).toEqual([
      { recipient: 'nobody-on-call', channel: 'console' },
    ]);
  });

  it('reaches a person who is not in the file by the console', () => {
    expect(reach(oncall(), 'ada')).toEqual([{ recipient: 'ada', channel: 'pager' }]);
    expect(reach(oncall(), 'admin')).toEqual([{ recipient: 'admin', channel: 'inbox' }]);
  });

  it('takes the default policy for one that is gone', () => {
    expect(policyOf(oncall(), 'gone').id).toBe('standard');
  });
});

describe('the ladder', () => {
  it('is climbed once and `repeat` times more, and then ends', () => {
    const { policies } = oncall();
    const climbed: Rung[] = [];
    for (
      let rung: Rung | null = { level: 0, round: 0 };
      rung && climbed.length < 20;
      rung = rungAfter(policies[0]!, rung)
    )
      climbed.push(rung);
    expect(climbed.map(({ level, round }) => `${round}.${level}`)).toEqual(['0.0', '0.1', '1.0', '1.1']);
  });
});
