/** The command as it is called. Uses the built files. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
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
      /there is no scenario "flood"; there are bad-deploy, crash, mystery, overload, fix-fails/,
    ],
    [['fault', 'flood'], /there is no scenario "flood"/],
    [['fault', 'crash'], /Nightshift does not run on .*Start it with `npm start`/s],
    [['token', 'list'], /NOT_RUNNING/],
    [['dev', '--port-base', '80'], /--port-base must be a whole number from 1024/],
    [['dev', '--port-base', 'x'], /must be a whole number/],
    [['backtest', '--scores', '/tmp', '/tmp'], /--scores must name another folder/],
    [['backtest', '--scores', 'out', 'nowhere'], /nowhere cannot be read: ENOENT/],
    [['demo'], /required option '--scenario <name>'/],
    [['fly'], /unknown command 'fly'/],
  ])('%j: says what is wrong, and ends with code 2', (args, words) => {
    const { status, stdout, stderr } = nightshift(args);
    expect(stderr).toMatch(words);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  it('doctor: says what detectors had no room for', async () => {
    const series = (out: string) =>
      (JSON.parse(out) as { lines: { about: string }[] }).lines.find(({ about }) => about === 'series');
    const looked = () => series(nightshift(['doctor', '--json'], { DATABASE_URL: test.url }).stdout);
    expect(looked()).toMatchObject({ ok: true });
    await test.db.query(
      `INSERT INTO why_not (service, metric, series_id, because, detail, times, first_at, last_at)
       VALUES ('shop', 'latency_ms', 0, 'memory_limit', 'its detector is full', 5, nightshift_now(), nightshift_now())`,
    );
    expect(looked()).toMatchObject({ ok: false, found: expect.stringContaining('its detector is full') as string });
  });

  it('migrates, and makes, lists and revokes tokens', () => {
    const env = { DATABASE_URL: test.url };
    expect(nightshift(['migrate'], env)).toMatchObject({ status: 0, stdout: 'up to date\n' });
    const made = nightshift(['token', 'create', 'my laptop', '--days', '3', '--scope', 'alerts', 'changes'], env);
    expect(made.stdout).toMatch(/^nst_[\w-]{43}\n$/);
    expect(nightshift(['token', 'list'], env).stdout).toMatch(/^1 .* alerts,changes +my laptop$/m);
    const limits = ['--max-series', '50', '--body-bytes', 'default'];
    expect(nightshift(['token', 'limit', '1', ...limits], env)).toMatchObject({ stdout: 'token 1: maxSeries 50\n' });
    const next = nightshift(['token', 'rotate', '1', '--grace-hours', '1'], env);
    expect(next.stdout).toMatch(/^nst_/);
    expect(nightshift(['token', 'list'], env).stdout).toMatch(/^2 {5}1 .* my laptop \(maxSeries 50\)$/m);
    expect(nightshift(['token', 'revoke', '1'], env).status).toBe(0);
    expect(nightshift(['token', 'revoke', '1'], env)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no token 1 in force') as string,
    });
  });

  it('shows what arrives', async () => {
    const env = { DATABASE_URL: test.url };
    expect(nightshift(['series'], env).stdout).toMatch(/no series has arrived yet/);
    await test.db.query(
      `INSERT INTO series (key, name, labels, service) VALUES ('load{}', 'load', '{"zone": "eu"}', 'shop')`,
    );
    expect(nightshift(['series'], env).stdout).toMatch(/^ +1 {2}\S+ +shop$/m);
    // No detector runs that could tell its state.
    expect(nightshift(['series', '--service', 'shop'], env).stdout).toMatch(/ – .* load\{zone="eu"\}$/m);
    const { series } = JSON.parse(nightshift(['series', '--name', 'oa', '--json'], env).stdout) as { series: object[] };
    expect(series).toMatchObject([{ name: 'load', service: 'shop', state: null }]);
    expect(nightshift(['series', '--limit', '1000'], env)).toMatchObject({ status: 2, stdout: '' });
  });

  it('lints the runbooks that ship, and says what it cannot plan', () => {
    const linted = nightshift(['runbooks', 'lint', '--json']);
    expect(linted.status).toBe(0);
    expect(JSON.parse(linted.stdout)).toMatchObject({ errors: 0, runbooks: expect.arrayContaining([]) as unknown });
    expect(nightshift(['runbooks', 'lint', '/nowhere'])).toMatchObject({ status: 2, stdout: '' });
    expect(nightshift(['runbooks', 'plan', 'inc-none'], { DATABASE_URL: test.url })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no incident inc-none') as string,
    });
  });

  it('lets a person decide what a runbook may do for a service, one mode at a time and against the evidence only with a reason', () => {
    const env = { DATABASE_URL: test.url };
    const decide = (...args: string[]) =>
      nightshift(['runbooks', ...args, '--service', 'shop-api', '--by', 'ada'], env);
    const of = ['promote', 'renew-expiring-certificate', '--to'];
    expect(decide(...of, 'auto')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('people are asked with it first') as string,
    });
    expect(decide(...of, 'approve')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('give a --reason') as string,
    });
    expect(decide(...of, 'approve', '--reason', 'tried by hand')).toMatchObject({ status: 0 });
    expect(nightshift(['runbooks', 'modes'], env).stdout).toMatch(
      /^approve {2}renew-expiring-certificate for shop-api since .* by ada \(tried by hand\): 0 of 0/m,
    );
    const demoted = decide('demote', 'renew-expiring-certificate', '--to', 'observe', '--json');
    expect(JSON.parse(demoted.stdout)).toMatchObject({
      runbook: 'renew-expiring-certificate',
      service: 'shop-api',
      was: 'approve',
      mode: 'observe',
      by: 'ada',
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

  it('writes the scores of a folder of CSV files, whatever one of them is like', () => {
    const [from, to] = [join(dir, 'samples'), join(dir, 'scores')];
    const rows = (text: string) => text.trimEnd().split('\n').length - 1;
    const lines = Array.from({ length: 200 }, (_, i) => `${1_700_000_000 + i * 60},${i === 150 ? 90 : i % 7}`);
    mkdirSync(join(from, 'deep/er'), { recursive: true });
    writeFileSync(join(from, 'a.csv'), ['timestamp,value', ...lines].join('\n'));
    writeFileSync(join(from, 'deep/er/b.csv.gz'), gzipSync(['timestamp,value', ...lines].join('\r\n')));
    writeFileSync(join(from, 'broken.csv.gz'), 'no gzip');
    const { status, stdout, stderr } = nightshift(['backtest', '--scores', to, '--json', from]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('broken.csv.gz: ') as string });
    expect(JSON.parse(stdout)).toMatchObject({
      files: [
        { file: 'a.csv', rows: 200 },
        { file: 'deep/er/b.csv.gz', rows: 200 },
      ],
      failed: [{ file: 'broken.csv.gz' }],
    });
    const plain = readFileSync(join(to, 'a.csv'), 'utf8');
    expect(rows(plain)).toBe(200);
    expect(gunzipSync(readFileSync(join(to, 'deep/er/b.csv.gz'))).toString()).toBe(plain);
    expect(plain.split('\n')[151]).toMatch(/,1$/);
  });
});
