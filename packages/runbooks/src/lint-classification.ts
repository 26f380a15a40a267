import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseYaml } from '@nightshift/runtime';
import { Classification, type Catalogue } from '@nightshift/types';
import { checksOf, undeclared } from './lint-checks.ts';
import type { Finding } from './lint.ts';
import { canonicalJson } from './plan-hash.ts';

/** Says what is wrong with the classification.yaml of a configuration folder, at its position; nothing where there is none. */
export async function lintClassification(configDir: string, catalogue: Catalogue | null): Promise<Finding[]> {
  const file = join(configDir, 'classification.yaml');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return [];
  const found = (level: Finding['level'], schema: typeof Classification): Finding[] => {
    const parsed = parseYaml(file, text, schema);
    return parsed.ok ? [] : parsed.problems.map((each) => ({ ...each, level }));
  };
  const errors = found('error', Classification);
  if (errors.length > 0) return errors;
  return found(
    'warning',
    Classification.superRefine(({ rules }, ctx) => {
      const add = (path: (string | number)[], message: string) => ctx.addIssue({ code: 'custom', path, message });
      const firstWith = new Map<string, string>();
      rules.forEach(({ id, type, ...conditions }, i) => {
        if (conditions.from?.every((each) => each === type))
          add(['rules', i, 'from'], `has no effect: what is taken for ${type} already stays that`);
        const same = canonicalJson(conditions);
        const before = firstWith.get(same);
        if (before !== undefined) add(['rules', i], `never counts: ${before} has the same conditions and comes first`);
        else firstWith.set(same, id);
        const { facts, status } = conditions;
        for (const { path, message } of catalogue
          ? undeclared(checksOf({ facts, status }, ['rules', i]), catalogue)
          : [])
          add(path, message);
      });
    }),
  );
}
