import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onDuty, policyOf, reach, recipientsOf, rungAfter, type Rung } from './on-call.ts';
import { oncall } from './stand-ins.ts';

const start = Date.parse('2026-01-05T09:00:00Z');
const hour = 3_600_000;
const rotation = {
  id: 'primary',
  people: ['ada', 'bob', 'cleo'],
  startsAt: '2026-01-05T10:00:00+01:00',
  shiftHours: 12,
};

describe('who is on duty', () => {
  it('changes at the hand-over, in turn, and begins again after the last', () => {
    expect(onDuty(rotation, start - 1)).toBeNull();
    expect(onDuty(rotation, start)).toBe('ada');
    expect(onDuty(rotation, start + 12 * hour - 1)).toBe('ada');
    expect(onDuty(rotation, start + 12 * hour)).toBe('bob');
    expect(onDuty(rotation, start + 36 * hour)).toBe('ada');
  });

  it('is exactly one person at any time, and each is on for as long as the others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 1, max: 200 }), (hours, shiftHours) => {
        const given = { ...rotation, shiftHours };
        const at = start + hours * hour;
        expect(rotation.people).toContain(onDuty(given, at));
        expect(onDuty(given, at + shiftHours * rotation.people.length * hour)).toBe(onDuty(given, at));
        expect(onDuty(given, at + shiftHours * hour)).not.toBe(onDuty(given, at));
      }),
    );
  });
});

describe('whom a level comes to', () => {
  const standard = policyOf(oncall(), undefined);
  const at = Date.now();
  const level = (...notify: string[]) => ({ ...standard, levels: [{ notify, nextAfterSeconds: 60 }] });

  it('resolves rotations, people and channels, each channel of a person once', () => {
    expect(recipientsOf(oncall(), level('primary', 'bob', 'inbox', 'ada'), 0, at)).toEqual([
      { recipient: 'ada', channel: 'pager' },
      { recipient: 'bob', channel: 'pager' },
      { recipient: 'inbox', channel: 'inbox' },
    ]);
  });

  it('is never nobody: it falls back to the console', () => {
    const future = oncall({ rotations: [{ ...oncall().rotations[0]!, startsAt: '2999-01-01T00:00:00Z' }] });
    expect(recipientsOf(future, level('primary'), 0, at)).toEqual([{ recipient: 'nobody-on-call', channel: 'inbox' }]);
    const noConsole = oncall({ channels: [oncall().channels[0]!] });
    expect(recipientsOf(noConsole, level('gone'), 0, at)).toEqual([
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
