import { Schedule } from '@nightshift/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dutyAt, shiftsBetween } from './duty.ts';

const at = (text: string) => Date.parse(text);
const hour = 3_600_000;
const day = 24 * hour;
const weekly = { id: 'week', people: ['ada', 'bo', 'cy'], startsOn: '2026-01-05' };
const schedule = (changes: object = {}) =>
  Schedule.parse({ id: 'shop', timeZone: 'Europe/Helsinki', layers: [weekly], ...changes });
const onAt = (given: Schedule, text: string) => dutyAt(given, at(text)).people;
const inWords = (given: Schedule, from: string, to: string) =>
  shiftsBetween(given, { from: at(from), to: at(to) }).map(
    (shift) => `${new Date(shift.from).toISOString().slice(0, 16)} ${shift.people.join('+') || '-'}`,
  );

describe('turns', () => {
  it('are nobody before the first, then each in order, and begin again', () => {
    const given = schedule();
    expect(onAt(given, '2026-01-05T06:59:59Z')).toEqual([]);
    expect(['05', '12', '19', '26'].map((date) => onAt(given, `2026-01-${date}T07:00Z`)[0])).toEqual([
      'ada',
      'bo',
      'cy',
      'ada',
    ]);
  });

  it('hand over at nine by the clock on the wall, in winter and in summer', () => {
    expect(inWords(schedule(), '2026-03-20T00:00Z', '2026-04-07T00:00Z')).toEqual([
      '2026-03-20T00:00 bo',
      '2026-03-23T07:00 cy',
      '2026-03-30T06:00 ada',
      '2026-04-06T06:00 bo',
    ]);
  });

  it('of some hours are as many hours of the wall clock: the night of the change is longer or shorter', () => {
    const nights = schedule({
      layers: [{ ...weekly, people: ['ada', 'bo'], handover: '08:00', turn: { every: 12, unit: 'hour' } }],
    });
    const hours = shiftsBetween(nights, { from: at('2026-10-23T05:00Z'), to: at('2026-10-26T06:00Z') }).map(
      (shift) => (shift.to - shift.from) / hour,
    );
    expect(hours).toEqual([12, 12, 12, 13, 12, 12]);
  });

  it('hand over when the clock jumps over the time, and the first time that it shows it twice', () => {
    const daily = (handover: string) =>
      schedule({
        timeZone: 'America/New_York',
        layers: [{ ...weekly, handover, turn: { unit: 'day' } }],
      });
    const handovers = (given: Schedule, from: string, to: string) =>
      shiftsBetween(given, { from: at(from), to: at(to) }).map((shift) => new Date(shift.from).toISOString());
    expect(handovers(daily('02:30'), '2026-03-08T00:00Z', '2026-03-09T00:00Z')).toContain('2026-03-08T07:00:00.000Z');
    expect(handovers(daily('01:30'), '2026-11-01T00:00Z', '2026-11-02T00:00Z')).toEqual([
      '2026-11-01T00:00:00.000Z',
      '2026-11-01T05:30:00.000Z',
    ]);
  });
});

describe('layers', () => {
  const sun = (id: string, timeZone: string, person: string) => ({
    ...weekly,
    id,
    people: [person],
    timeZone,
    handover: '00:00',
    during: [{ from: '09:00', to: '17:00' }],
  });

  it('follow the sun: whose working hours it is', () => {
    const given = schedule({
      timeZone: 'UTC',
      layers: [
        sun('sydney', 'Australia/Sydney', 'syd'),
        sun('helsinki', 'Europe/Helsinki', 'hel'),
        sun('denver', 'America/Denver', 'den'),
      ],
    });
    expect(inWords(given, '2026-06-02T00:00Z', '2026-06-03T00:00Z')).toEqual([
      '2026-06-02T00:00 syd',
      '2026-06-02T06:00 hel',
      '2026-06-02T14:00 -',
      '2026-06-02T15:00 den',
      '2026-06-02T23:00 syd',
    ]);
  });

  it('lie over each other: the last that has somebody counts; hours may reach over midnight', () => {
    const nights = {
      ...weekly,
      id: 'nights',
      people: ['nia'],
      handover: '00:00',
      during: [{ days: ['fri'], from: '22:00', to: '06:00' }],
    };
    expect(inWords(schedule({ layers: [weekly, nights] }), '2026-01-09T00:00Z', '2026-01-11T00:00Z')).toEqual([
      '2026-01-09T00:00 ada',
      '2026-01-09T20:00 nia',
      '2026-01-10T04:00 ada',
    ]);
  });

  it('may skip holidays, or count on them alone, and end', () => {
    const layers = [
      { ...weekly, people: ['ada'], holidays: 'skip', endsOn: '2026-01-08' },
      { ...weekly, id: 'feast', people: ['bo'], holidays: 'only' },
    ];
    expect(inWords(schedule({ layers, holidays: ['2026-01-06'] }), '2026-01-05T08:00Z', '2026-01-10T00:00Z')).toEqual([
      '2026-01-05T08:00 ada',
      '2026-01-05T22:00 bo',
      '2026-01-06T22:00 ada',
      '2026-01-08T22:00 -',
    ]);
  });
});

describe('overrides', () => {
  const overrides = [
    { person: 'di', from: '2026-01-06T18:00', to: '2026-01-07T09:00' },
    { person: 'eve', insteadOf: 'di', from: '2026-01-06T20:00', to: '2026-01-06T22:00' },
    { person: 'fay', insteadOf: 'bo', from: '2026-01-06T18:00', to: '2026-01-07T09:00' },
  ];

  it('put somebody in the place of all, or of one who would be on', () => {
    expect(inWords(schedule({ overrides }), '2026-01-06T12:00Z', '2026-01-07T12:00Z')).toEqual([
      '2026-01-06T12:00 ada',
      '2026-01-06T16:00 di',
      '2026-01-06T18:00 eve',
      '2026-01-06T20:00 di',
      '2026-01-07T07:00 ada',
    ]);
  });

  it('count from elsewhere too, after those of the file', () => {
    const extra = [{ person: 'gus', insteadOf: null, from: at('2026-01-06T16:00Z'), to: at('2026-01-06T17:00Z') }];
    expect(dutyAt(schedule({ overrides }), extra[0]!.from, extra).people).toEqual(['gus']);
  });
});

describe('always as many people as declared, never a hole', () => {
  // Jumps of an hour, of half an hour, at midnight, of a whole day, and zones without any.
  const zones = [
    'Europe/Helsinki',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Santiago',
    'Africa/Casablanca',
    'Pacific/Apia',
    'Asia/Kolkata',
    'UTC',
  ];
  const two = (n: number) => String(n).padStart(2, '0');
  const layer = fc.record({
    zone: fc.constantFrom(...zones),
    people: fc.uniqueArray(fc.constantFrom('ada', 'bo', 'cy', 'di', 'eve'), { minLength: 1 }),
    handover: fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([h, m]) => `${two(h)}:${two(m)}`),
    turn: fc.record({ every: fc.integer({ min: 1, max: 30 }), unit: fc.constantFrom('hour', 'day', 'week') }),
    atOnce: fc.integer({ min: 1, max: 5 }),
    from: fc
      .integer({ min: at('2011-12-20T00:00Z') / hour, max: at('2027-12-01T00:00Z') / hour })
      .map((hours) => hours * hour),
    days: fc.integer({ min: 1, max: 21 }),
  });

  const samoa = {
    zone: 'Pacific/Apia',
    people: ['ada', 'bo'],
    handover: '00:01',
    turn: { every: 1, unit: 'hour' },
    atOnce: 1,
    from: at('2011-12-25T00:00Z'),
    days: 11,
  };

  it('in any zone, with any turn, through every change of the clock', () => {
    fc.assert(
      fc.property(layer, ({ zone, from, days, atOnce, ...rest }) => {
        const declared = Math.min(atOnce, rest.people.length);
        const given = schedule({
          timeZone: zone,
          layers: [{ ...weekly, ...rest, atOnce: declared, startsOn: '2011-12-01' }],
        });
        const shifts = shiftsBetween(given, { from, to: from + days * day });
        expect(shifts[0]!.from).toBe(from);
        expect(shifts.at(-1)!.to).toBe(from + days * day);
        shifts.forEach((shift, nth) => {
          expect(new Set(shift.people).size).toBe(declared);
          expect(shift.to).toBeGreaterThan(shift.from);
          if (nth > 0) expect(shift.from).toBe(shifts[nth - 1]!.to);
          for (const moment of [shift.from, (shift.from + shift.to) / 2, shift.to - 1])
            expect(dutyAt(given, Math.floor(moment)).people).toEqual(shift.people);
        });
      }),
      // A clock that leaves out a whole day, hour by hour.
      { numRuns: 60, examples: [[samoa]] },
    );
  });

  it('and everybody has their turn as often as the others', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer({ min: 2, max: 5 }), (zone, size) => {
        const people = ['ada', 'bo', 'cy', 'di', 'eve'].slice(0, size);
        const given = schedule({ timeZone: zone, layers: [{ ...weekly, people, turn: { unit: 'day' } }] });
        const from = at('2026-01-10T12:00Z');
        const shifts = shiftsBetween(given, { from, to: from + size * 60 * day });
        const turns = people.map((person) => shifts.slice(1, -1).filter((shift) => shift.people[0] === person).length);
        expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });
});
