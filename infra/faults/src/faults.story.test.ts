import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { buildMutant, mutants } from './mutants.ts';
import type { Figures } from './report.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const started = ['ingest', 'detector', 'diagnostics', 'runbook-executor', 'escalation'];

// Processes run what is built, on plain node.
beforeAll(async () => {
  await run('npx', ['tsc', '-b', 'infra/faults', ...started.map((service) => `services/${service}`)], { cwd: root });
});

it('60 kills at every moment, stops beyond the lease, a wiped queue and a crashed Postgres: nothing lost, doubled, exceeded or left', async () => {
  const args = ['--kills', '60', '--seed', '1', '--json'];
  const { stdout, stderr } = await run(process.execPath, [main, ...args], { cwd: root }).catch((error: unknown) => {
    throw new Error(`test:faults ${args.join(' ')} failed:\n${(error as { stderr?: string }).stderr ?? String(error)}`);
  });
  console.log(stderr);
  const figures = JSON.parse(stdout.trim().split('\n').at(-1)!) as Figures;
  expect(figures).toMatchObject({ kills: 60, stops: 11, wipes: 2, restarts: 1 });
  expect(figures).toMatchObject({ lost: 0, duplicated: 0, exceeded: 0, unfinished: 0 });
  expect(figures.incidents).toBeGreaterThanOrEqual(60);
}, 900_000);

it.each(Object.keys(mutants))('the mutant %s can still be made of what is built', async (name) => {
  const { remove } = await buildMutant(name);
  await remove();
});
