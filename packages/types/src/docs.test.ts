import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { actionLimits, alwaysApprove, errorCodes, inputLimits, modeLimits, stateDeadlinesMs } from './index.ts';
import * as limits from './limits.ts';

const page = (name: string) => readFile(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

describe('the documents say what the code says', () => {
  it('docs/errors.md has a line for each code, and for no other', async () => {
    const documented = [...(await page('errors.md')).matchAll(/^\| `([A-Z_]+)` \| (\S+) \| (.+) \|$/gm)].map(
      ([, code, status, help]) => [code, status, help],
    );
    expect(documented).toEqual(
      Object.entries(errorCodes).map(([code, { status, help }]) => [code, status === 0 ? '–' : String(status), help]),
    );
  });

  it('docs/limits.md names every safety limit', async () => {
    const text = await page('limits.md');
    const names = [actionLimits, alwaysApprove, modeLimits, stateDeadlinesMs, inputLimits].flatMap((group) =>
      Object.keys(group),
    );
    const groups = Object.keys(limits).filter((name) =>
      /^(breaker|silence|freeze|whyNot|anomaly|flap|schedule)Limits$/.test(name),
    );
    for (const name of [...names, ...groups]) expect(text, name).toContain(`\`${name}\``);
  });

  it('docs/safety.md names only tests that there are', async () => {
    const rows = (await page('safety.md'))
      .split('\n')
      .filter((line) => line.startsWith('|') && line.includes('.test.ts`'));
    const claims = rows.flatMap((row) =>
      row
        .split('`')
        .flatMap((part, i, parts) =>
          part.endsWith('.test.ts')
            ? [...parts[i + 1]!.matchAll(/"([^"]+)"/g)].map(([, name]) => [part, name!] as const)
            : [],
        ),
    );
    expect(claims.length).toBeGreaterThanOrEqual(30);
    for (const [file, name] of claims)
      expect(await readFile(new URL(`../../../${file}`, import.meta.url), 'utf8'), name).toContain(`'${name}'`);
  });
});
