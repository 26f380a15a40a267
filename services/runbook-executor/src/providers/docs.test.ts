import { readFile } from 'node:fs/promises';
import { parseYaml, valueOf } from '@nightshift/runtime';
import { Target } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import { providerFor, providers } from './registry.ts';

const page = await readFile(new URL('../../../../docs/providers.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n(id: [\s\S]*?)```/g)].map(([, text]) =>
  valueOf(parseYaml('docs/providers.md', text!, Target)),
);

describe('docs/providers.md', () => {
  it('has a row and an example for every provider, and for no other', () => {
    const kinds = Object.keys(providers).sort();
    expect(examples.map(({ kind }) => kind).sort()).toEqual(kinds);
    const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, kind]) => kind);
    expect(new Set(rows)).toEqual(new Set(kinds));
  });

  it.each(examples)('$kind: the example is a target whose every action has a provider', (target) => {
    expect(target.actions.length).toBeGreaterThan(0);
    for (const action of target.actions) expect(providerFor(providers, target, action), action).not.toBeNull();
  });
});
