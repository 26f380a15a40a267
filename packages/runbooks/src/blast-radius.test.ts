import { Catalogue } from '@nightshift/types';
import { expect, it } from 'vitest';
import { blastRadius } from './blast-radius.ts';

const catalogue = Catalogue.parse({
  schema: 1,
  services: [
    { name: 'database', criticality: 'high', dependsOn: ['web'] }, // a circle
    { name: 'orders', dependsOn: ['database'] },
    { name: 'web', criticality: 'high', dependsOn: ['orders', 'search'] },
    { name: 'search' },
  ],
});

it('is everybody who depends on what is touched, however far, and ends in a circle', () => {
  expect(blastRadius(catalogue, ['database', 'database'])).toEqual({
    touches: ['database'],
    felt: [
      { service: 'orders', through: 'database', criticality: 'medium' },
      { service: 'web', through: 'orders', criticality: 'high' },
    ],
  });
});

it('is nobody else where nobody depends on it', () => {
  const alone = Catalogue.parse({ schema: 1, services: [{ name: 'a' }, { name: 'b' }] });
  expect(blastRadius(alone, ['a'])).toEqual({ touches: ['a'], felt: [] });
});
