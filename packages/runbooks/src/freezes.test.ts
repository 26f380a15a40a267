import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FreezeFile, type Freeze } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freezeInWords, freezeOf, frozenAt, loadFreezes } from './freezes.ts';

const at = (text: string) => Date.parse(text);
const file = (...freezes: unknown[]) => FreezeFile.parse({ schema: 1, freezes });
const until = (given: FreezeFile, text: string) =>
  frozenAt(given, [], at(text)).map((each) => new Date(each.until).toISOString());

describe('a freeze by the calendar', () => {
  const weekend = file({
    kind: 'weekly',
    id: 'weekend',
    reason: 'nobody is there',
    zone: 'Europe/Berlin',
    days: ['fri'],
    from: '18:00',
    until: '08:00',
    untilDay: 'mon',
  });

  it('begins and ends by the clock of its zone, in summer and in winter', () => {
    expect(until(weekend, '2026-07-03T15:59:59Z')).toEqual([]);
    expect(until(weekend, '2026-07-03T16:00:00Z')).toEqual(['2026-07-06T06:00:00.000Z']);
    expect(until(weekend, '2026-07-06T05:59:59Z')).toEqual(['2026-07-06T06:00:00.000Z']);
    expect(until(weekend, '2026-07-06T06:00:00Z')).toEqual([]);
    expect(until(weekend, '2026-01-02T16:59:59Z')).toEqual([]);
    expect(until(weekend, '2026-01-02T17:00:00Z')).toEqual(['2026-01-05T07:00:00.000Z']);
    // The clocks go back in this one.
    expect(until(weekend, '2026-10-23T16:00:00Z')).toEqual(['2026-10-26T07:00:00.000Z']);
  });

  it('may last over midnight, and is one with the one that follows on it', () => {
    const nights = file({
      kind: 'weekly',
      id: 'nights',
      reason: 'asleep',
      zone: 'America/New_York',
      days: ['mon', 'tue'],
      from: '22:00',
      until: '06:00',
    });
    expect(until(nights, '2026-03-03T04:00:00Z')).toEqual(['2026-03-03T11:00:00.000Z']);
    expect(until(nights, '2026-03-03T11:00:00Z')).toEqual([]);
    const days = file({
      kind: 'weekly',
      id: 'd',
      reason: 'r',
      zone: 'UTC',
      days: ['sat', 'sun'],
      from: '00:00',
      until: '00:00',
    });
    expect(until(days, '2026-03-07T05:00:00Z')).toEqual(['2026-03-09T00:00:00.000Z']);
  });

  it('may be one-off', () => {
    const once = file({
      kind: 'once',
      id: 'black-friday',
      reason: 'sales',
      zone: 'Asia/Kolkata',
      starts: '2026-11-27T00:00',
      ends: '2026-11-28T06:30',
    });
    expect(until(once, '2026-11-26T18:29:59Z')).toEqual([]);
    expect(until(once, '2026-11-26T18:30:00Z')).toEqual(['2026-11-28T01:00:00.000Z']);
    expect(until(once, '2026-11-28T01:00:00Z')).toEqual([]);
  });
});

it('a service is held by the freeze that ends last, of those about it or about everything', () => {
  const declared = (id: number, service: string | null, endsAt: number): Freeze => ({
    id,
    service,
    startsAt: 10,
    endsAt,
    by: 'ada',
    reason: 'migration',
    createdAt: 0,
    endedAt: null,
    endedBy: null,
  });
  const frozen = frozenAt(file(), [declared(1, null, 20), declared(2, 'shop', 90_000), declared(3, 'bank', 200)], 15);
  expect(freezeInWords(freezeOf(frozen, 'shop')!)).toBe(
    'change freeze 2 of ada of shop until 1970-01-01T00:01:30.000Z: migration',
  );
  expect(freezeOf(frozen, 'mail')?.name).toBe('1 of ada');
  expect(freezeOf(frozenAt(file(), [declared(3, 'bank', 200)], 15), 'mail')).toBeNull();
  expect(frozenAt(file(), [declared(1, null, 20)], 20)).toEqual([]);
});

describe('freezes.yaml', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'nightshift-freezes-'))));
  afterAll(() => rm(folder, { recursive: true }));

  it('may be absent; a mistake in it is told by line and field', async () => {
    expect(await loadFreezes(folder)).toMatchObject({ ok: true, value: { freezes: [] } });
    const text =
      'schema: 1\nfreezes:\n  - { kind: once, id: a, reason: r, zone: UTC, starts: 2026-01-02T10:00, ends: 2026-01-03T10:00 }\n';
    const problemWith = async (right: string, wrong: string) => {
      await writeFile(join(folder, 'freezes.yaml'), text.replace(right, wrong));
      const loaded = await loadFreezes(folder);
      return loaded.ok ? null : [loaded.problems[0]!.line, loaded.problems[0]!.message];
    };
    expect(await problemWith('', '')).toBeNull();
    expect(await problemWith('reason: r, ', '')).toEqual([3, expect.stringContaining('expected string')]);
    for (const [right, wrong] of [
      ['zone: UTC', 'zone: Berlin'],
      ['2026-01-03T10:00', '2026-01-01T10:00'],
      ['2026-01-02T10:00', 'tomorrow'],
      ['id: a', 'id: "*"'],
      ['kind: once', 'kind: always'],
    ] as const)
      expect(await problemWith(right, wrong), wrong).toEqual([3, expect.stringContaining('must')]);
  });
});
