import { Catalogue } from '@nightshift/types';
import { expect, test } from 'vitest';
import { dependenciesOf } from './dependencies.ts';

test('what a service depends on, the nearest first; a circle ends', () => {
  const { of, dependants } = dependenciesOf(
    Catalogue.parse({
      schema: 1,
      services: [
        { name: 'web', dependsOn: ['api', 'cdn'] },
        { name: 'api', dependsOn: ['database', 'web'] },
        { name: 'database' },
        { name: 'cdn' },
      ],
    }),
  );
  expect(of('web')).toEqual(['api', 'cdn', 'database']);
  expect(of('api')).toEqual(['database', 'web', 'cdn']);
  expect([...of('database'), ...of('unknown')]).toEqual([]);
  expect(dependants('database')).toEqual(['web', 'api']);
});
