import { Schedule } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { readCalendar, writeCalendar } from './calendar.ts';
import { shiftsBetween } from './duty.ts';

const at = (text: string) => Date.parse(text);
const schedule = Schedule.parse({
  id: 'shop',
  timeZone: 'Europe/Helsinki',
  layers: [{ id: 'week', people: ['ada', 'bo'], startsOn: '2026-01-05' }],
});
const people = ['ada', 'bo'].map((id) => ({ id, name: id === 'ada' ? 'Ada Okafor' : 'Bo Ek', channels: ['pager'] }));
const span = { from: at('2026-03-01T00:00Z'), to: at('2026-04-30T00:00Z') };
const calendar = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//EN', ...lines, 'END:VCALENDAR'].join('\r\n');
const event = (...lines: string[]) => ['BEGIN:VEVENT', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'];
const read = (...lines: string[]) => {
  const { overrides, unknown } = readCalendar(calendar(...lines), schedule, people, span);
  return [...overrides.map(({ person, from, to }) => `${person} ${iso(from)} ${iso(to)}`), ...unknown];
};
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

describe('reading a calendar', () => {
  it('takes times in UTC, in a zone by its name, without one, and whole days', () => {
    const uid = (n: number) => `UID:${n}`;
    expect(
      read(
        ...event(uid(1), 'SUMMARY:Ada Okafor', 'DTSTART:20260302T080000Z', 'DTEND:20260302T090000Z'),
        ...event(
          uid(2),
          'SUMMARY:bo',
          'DTSTART;TZID=America/New_York:20260302T080000',
          'DTEND;TZID=America/New_York:20260302T090000',
        ),
        ...event(
          uid(3),
          'SUMMARY:Cover',
          'ATTENDEE;CN=Bo Ek:mailto:b.e@example.com',
          'DTSTART:20260302T080000',
          'DTEND:20260302T090000',
        ),
        ...event(
          uid(4),
          'SUMMARY:Cover',
          'ATTENDEE:mailto:ada@example.com',
          'DTSTART;VALUE=DATE:20260302',
          'DTEND;VALUE=DATE:20260304',
        ),
      ),
    ).toEqual([
      'ada 2026-03-02T08:00 2026-03-02T09:00',
      'bo 2026-03-02T13:00 2026-03-02T14:00',
      'bo 2026-03-02T06:00 2026-03-02T07:00',
      'ada 2026-03-01T22:00 2026-03-03T22:00',
    ]);
  });

  it('unrolls what recurs, through a change of the clock, with what was left out or moved', () => {
    const recurring = [
      'UID:r',
      'SUMMARY:ada',
      'DTSTART;TZID=Europe/Helsinki:20260320T180000',
      'DTEND;TZID=Europe/Helsinki:20260320T220000',
    ];
    expect(
      read(
        ...event(...recurring, 'RRULE:FREQ=WEEKLY;COUNT=4', 'EXDATE;TZID=Europe/Helsinki:20260327T180000'),
        ...event(
          'UID:r',
          'SUMMARY:bo',
          'RECURRENCE-ID;TZID=Europe/Helsinki:20260403T180000',
          'DTSTART;TZID=Europe/Helsinki:20260404T100000',
          'DTEND;TZID=Europe/Helsinki:20260404T120000',
        ),
      ),
    ).toEqual([
      'ada 2026-03-20T16:00 2026-03-20T20:00',
      'bo 2026-04-04T07:00 2026-04-04T09:00',
      'ada 2026-04-10T15:00 2026-04-10T19:00',
    ]);
  });

  it('takes a zone that the calendar describes itself', () => {
    const zone = [
      'BEGIN:VTIMEZONE',
      'TZID:Ours',
      'BEGIN:STANDARD',
      'DTSTART:19700101T000000',
      'TZOFFSETFROM:+0500',
      'TZOFFSETTO:+0500',
      'END:STANDARD',
      'END:VTIMEZONE',
    ];
    expect(
      read(
        ...zone,
        ...event('UID:z', 'SUMMARY:ada', 'DTSTART;TZID=Ours:20260302T080000', 'DTEND;TZID=Ours:20260302T090000'),
      ),
    ).toEqual(['ada 2026-03-02T03:00 2026-03-02T04:00']);
  });

  it('leaves out what lies elsewhere in time, and says whom it does not know', () => {
    expect(
      read(
        ...event('UID:a', 'SUMMARY:ada', 'DTSTART:20250302T080000Z', 'DTEND:20250302T090000Z'),
        ...event('UID:b', 'SUMMARY:Cy', 'DTSTART:20260302T080000Z', 'DTEND:20260302T090000Z'),
      ),
    ).toEqual(['2026-03-02T08:00:00.000Z "Cy"']);
  });

  it('refuses what is no calendar, and one that never ends within bounds', () => {
    expect(() => readCalendar('hello', schedule, people, span)).toThrow('no iCalendar text');
    expect(() => readCalendar(event('UID:x').join('\r\n'), schedule, people, span)).toThrow('is a vevent');
    const often = event(
      'UID:s',
      'SUMMARY:ada',
      'DTSTART:20260101T000000Z',
      'DTEND:20260101T000001Z',
      'RRULE:FREQ=SECONDLY',
    );
    expect(() => read(...often)).toThrow('more than 2000 occurrences');
  });
});

describe('writing a calendar', () => {
  it('is read again as the same shifts', () => {
    const shifts = shiftsBetween(schedule, span);
    const text = writeCalendar(schedule, shifts, span.from);
    const named = text.replaceAll('SUMMARY:shop: ', 'SUMMARY:');
    const { overrides } = readCalendar(named, schedule, people, span);
    expect(overrides.map(({ from, to, person }) => ({ from, to, people: [person], layer: 'week' }))).toEqual(shifts);
    expect(text).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2.0\r\n/);
  });
});
