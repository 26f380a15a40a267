import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const fixture = fileURLToPath(new URL('./mutants.fixture.mjs', import.meta.url));
let failed: Record<string, string[]>;

beforeAll(async () => {
  const { VITEST: _, VITEST_WORKER_ID: __, VITEST_POOL_ID: ___, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [fixture], { env, maxBuffer: 16 * 1024 * 1024 });
  failed = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, string[]>;
}, 120_000);

describe('the ledger has teeth: taken out, a guard makes a test fail:', () => {
  it.each([
    ['compare-and-set', /decides again when it was overtaken between reading and writing/],
    ['fence', /a stale executor write nothing/],
    ['budget', /restart a target twice in ten minutes/],
    ['probe', /is asked about where it can be/],
    ['lease', /keeps others out while it lasts/],
    ['last look', /a kill switch that goes on stops it/],
    ['plan hash', /is void when a step was edited/],
    ['one at a time', /twenty executors/],
  ])('%s', (guard, test) => {
    expect(
      failed[guard]!.filter((name) => test.test(name)),
      failed[guard]!.join('\n'),
    ).not.toEqual([]);
  });

  it('and with nothing taken out none fails', () => {
    expect(failed['nothing']).toEqual([]);
  });
});
