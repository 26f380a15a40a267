import { Catalogue } from '@nightshift/types';
import { expect, it } from 'vitest';
import type { Use } from './limits.ts';
import { tooWide } from './spread.ts';

const minute = 60_000;
/** Twelve services; s1 to s7 depend on `database`, the rest stand alone. */
const catalogue = Catalogue.parse({
  schema: 1,
  services: [
    { name: 'database' },
    ...Array.from({ length: 7 }, (_, i) => ({ name: `s${i + 1}`, dependsOn: ['database'] })),
    ...['a', 'b', 'c', 'd'].map((name) => ({ name })),
  ],
});
const use = (service: string, admittedAt = 0): Use => ({
  id: `act-${service}`,
  incidentId: `inc-${service}`,
  type: 'restart_service',
  target: service,
  service,
  quantity: 0,
  location: null,
  admittedAt,
});
const all = ['s1', 's2', 's3', 's4', 's5'].map((service, i) => use(service, i * minute));

it('what more than half of the catalogue would feel is not done without a person', () => {
  expect(tooWide(catalogue, use('database'), [], minute)).toEqual({
    reason: 'blastRadius',
    detail:
      "limit blastRadius: 8 of 12 services would feel it in 10 min, by this alone; more than 6 need a person's approval",
  });
  expect(tooWide(catalogue, use('s1'), [], minute)).toBeNull();
});

it('one after the other is no way around it: the sentence says who used it up and when it is free', () => {
  expect(tooWide(catalogue, use('a'), all, 5 * minute)).toBeNull();
  expect(tooWide(catalogue, use('a'), [...all, use('b', 5 * minute)], 5 * minute)).toEqual({
    reason: 'blastRadius',
    detail: expect.stringMatching(
      /^limit blastRadius: 7 of 12 services .* with what act-s1 \(inc-s1\), .*act-b \(inc-b\) did; .*approval, free at 1970-01-01T00:10:00.000Z$/,
    ) as string,
  });
  expect(tooWide(catalogue, use('a'), [...all, use('b', 5 * minute)], 10 * minute)).toBeNull();
});

it('a small catalogue may always be acted on', () => {
  const small = Catalogue.parse({ schema: 1, services: [{ name: 'db' }, { name: 'web', dependsOn: ['db'] }] });
  expect(tooWide(small, use('db'), [use('web')], minute)).toBeNull();
});
