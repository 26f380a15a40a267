import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'nightshift-reporter-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a run ends with why tests were not run and one plain line, and a file that cannot load is a failure', () => {
  const vitest = join(root, 'node_modules/vitest');
  const file = (name: string, body: string) =>
    writeFileSync(join(folder, name), `import { test } from '${vitest}/dist/index.js';\n${body}\n`);
  file('a.test.mjs', `test('one', () => {}); test('two', (context) => context.skip('no Redis here'));`);
  file('b.test.mjs', `test('three', () => { throw new Error('broken'); }); test.skip('four', () => {});`);
  file('c.test.mjs', `throw new Error('cannot load');`);
  const run = spawnSync(
    process.execPath,
    [`${vitest}/vitest.mjs`, 'run', '--root', folder, '--reporter', join(import.meta.dirname, 'plain-reporter.ts')],
    { encoding: 'utf8', env: { ...process.env, VITEST: undefined, NO_COLOR: '1' } },
  );
  expect(run.status).toBe(1);
  expect(run.stdout.trim().split('\n')).toEqual([
    'not run: 1 test: no Redis here',
    'not run: 1 test: b.test.mjs gives no reason',
    '1 passed, 2 failed, 2 skipped',
  ]);
}, 30_000);
