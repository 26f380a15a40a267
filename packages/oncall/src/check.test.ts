import { OnCall } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { checkOnCall, loadsOf } from './check.ts';
import { shiftsBetween } from './duty.ts';

const from = Date.parse('2026-06-01T00:00Z');
const span = { from, to: from + 28 * 24 * 3_600_000 };
const week = { id: 'week', people: ['ada', 'bo'], startsOn: '2026-01-05' };

const plan = (changes: { layers?: object[]; adaChannels?: string[]; notify?: string[] } = {}) =>
  OnCall.parse({
    schema: 1,
    channels: [
      { id: 'console', kind: 'console' },
      { id: 'pager', kind: 'webhook', urlEnv: 'PAGER_URL', secretEnv: 'PAGER_SECRET' },
    ],
    people: [
      { id: 'ada', name: 'Ada', channels: changes.adaChannels ?? ['pager'] },
      { id: 'bo', name: 'Bo', channels: ['pager'] },
    ],
    schedules: [{ id: 'shop', timeZone: 'Europe/Helsinki', layers: changes.layers ?? [week] }],
    policies: [{ id: 'all', levels: [{ notify: changes.notify ?? ['shop'] }] }],
    defaultPolicy: 'all',
  });

const found = (oncall: OnCall) =>
  checkOnCall(oncall, span).map(({ kind, severity, about }) => `${severity} ${kind} ${about}`);
const office = { ...week, during: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' }] };

describe('checking a plan of on-call', () => {
  it('finds nothing wrong with two people who share the weeks', () => {
    expect(found(plan())).toEqual([]);
  });

  it('finds when nobody is on duty, and the policy that then ends nowhere', () => {
    const findings = checkOnCall(plan({ layers: [office] }), span);
    expect(findings.map(({ kind }) => kind)).toEqual(['dead_end', 'gap']);
    expect(findings[0]!.detail).toContain('at 2026-06-01 00:00 UTC none of its levels');
    expect(findings[1]!.detail).toMatch(
      /^nobody is on duty for 512 h: 2026-06-01 00:00 to 2026-06-01 06:00; .*, and 18 more/,
    );
  });

  it('is content with a gap where another level comes to somebody', () => {
    expect(found(plan({ layers: [office], notify: ['shop', 'ada'] }))).toEqual(['warning gap shop']);
  });

  it('finds a policy of the console alone', () => {
    expect(found(plan({ notify: ['console'] }))).toEqual(['error dead_end all', 'warning unused shop']);
  });

  it('finds people whom only the console would tell', () => {
    expect(found(plan({ adaChannels: ['console'] }))).toEqual(['error unreachable ada']);
  });

  it('finds who carries more than their part: hours, nights, weekends', () => {
    const weekends = {
      ...week,
      id: 'sat',
      people: ['ada'],
      handover: '00:00',
      during: [{ days: ['sat', 'sun'], from: '00:00', to: '00:00' }],
    };
    expect(found(plan({ layers: [week, weekends] }))).toEqual(['warning unfair shop']);
    const [schedule] = plan({ layers: [week, weekends] }).schedules;
    expect(
      loadsOf(schedule!, shiftsBetween(schedule!, span)).map(({ person, weekendHours }) => [person, weekendHours]),
    ).toEqual([
      ['ada', 192],
      ['bo', 0],
    ]);
  });
});
