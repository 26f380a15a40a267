/** The command as it is called. Uses the built files. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './folders.ts';

let test: TestDatabase;
let dir: string;
beforeAll(async () => {
  test = await testDatabase();
  dir = mkdtempSync(join(tmpdir(), 'nightshift-main-'));
});
afterAll(async () => {
  await test.close();
  rmSync(dir, { recursive: true, force: true });
});

const nightshift = (args: string[], env: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'packages/cli/dist/main.js'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, DATABASE_URL: '', QUEUE_URL: '', NIGHTSHIFT_DATA_DIR: dir, ...env },
  });
  return { status, stdout, stderr };
};

describe('nightshift', () => {
  it.each([
    [
      ['demo', '--scenario', 'flood', '--exit', '--json'],
      /there is no scenario "flood"; there are bad-deploy, crash, mystery/,
    ],
    [['fault', 'flood'], /there is no scenario "flood"/],
    [['fault', 'crash'], /Nightshift does not run on .*Start it with `npm start`/s],
    [['token', 'list'], /NOT_RUNNING/],
    [['dev', '--port-base', '80'], /--port-base must be a whole number from 1024/],
    [['dev', '--port-base', 'x'], /must be a whole number/],
    [['demo'], /required option '--scenario <name>'/],
    [['fly'], /unknown command 'fly'/],
  ])('%j: says what is wrong, and ends with code 2', (args, words) => {
    const { status, stdout, stderr } = nightshift(args);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('migrates, and makes, lists and revokes tokens', () => {
    const env = { DATABASE_URL: test.url };
    expect(nightshift(['migrate'], env)).toMatchObject({ status: 0, stdout: 'up to date\n' });
    const made = nightshift(['token', 'create', 'my laptop', '--days', '3'], env);
    expect(made.stdout).toMatch(/^nst_[\w-]{43}\n$/);
    expect(nightshift(['token', 'list'], env).stdout).toMatch(/^1 .* my laptop$/m);
    expect(nightshift(['token', 'revoke', '1'], env).status).toBe(0);
    expect(nightshift(['token', 'revoke', '1'], env)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no token 1 in force') as string,
    });
  });

  it('lists every variable of every service', () => {
    const { status, stdout } = nightshift(['config', '--json']);
    expect(status).toBe(0);
    const sections = JSON.parse(stdout) as Record<string, { name: string; description: string }[]>;
    expect(Object.keys(sections)).toEqual(expect.arrayContaining(['every service', 'ingest', 'detector', 'console']));
    const variables = Object.values(sections).flat();
    expect(variables.map((variable) => variable.name)).toContain('DATABASE_URL');
    expect(variables.filter((variable) => variable.description === '')).toEqual([]);
  });
});
