import type { Catalogue, FactCondition } from '@nightshift/types';

/** Where a file names a check, and perhaps a fact of it. */
export type Named = { path: (string | number)[]; check: string; fact?: string };

type Conditions = { facts: FactCondition[]; status: { check: string }[] };

/** The checks that conditions name, with their places. */
export const checksOf = ({ facts, status }: Conditions, path: (string | number)[]): Named[] => [
  ...status.map(({ check }, i) => ({ path: [...path, 'status', i, 'check'], check })),
  ...facts.map(({ check, fact }, i) => ({ path: [...path, 'facts', i, 'check'], check, fact })),
];

/** Of the checks named, those of one's own that no service of the catalogue declares; the others are known to the schema. */
export function undeclared(named: Named[], { services }: Catalogue): { path: Named['path']; message: string }[] {
  const own = services.flatMap(({ checks }) => checks);
  return named.flatMap(({ path, check, fact }) => {
    if (!check.startsWith('custom.')) return [];
    const declared = own.filter(({ id }) => `custom.${id}` === check);
    if (declared.length === 0) return [{ path, message: `no service of the catalogue declares the check ${check}` }];
    if (fact === undefined || declared.some(({ facts }) => Object.hasOwn(facts, fact))) return [];
    const known = [...new Set(declared.flatMap(({ facts }) => Object.keys(facts)))].join(', ') || 'none';
    return [{ path: [...path.slice(0, -1), 'fact'], message: `must be a fact that ${check} declares: ${known}` }];
  });
}
