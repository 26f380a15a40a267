import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consoleOn } from '../testing/console.ts';

let test: TestDatabase;
let dir: string;
let service: Awaited<ReturnType<typeof consoleOn>>;
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  dir = await mkdtemp(join(tmpdir(), 'nightshift-test-web-'));
  service = await consoleOn(test.url, { CONSOLE_WEB_DIR: join(dir, 'web') });
});
afterAll(async () => {
  await service?.close();
  await test?.close();
  await rm(dir, { recursive: true, force: true });
});

it('a page that is not built says how to build it; once it is, it is there under each of its addresses', async () => {
  const missing = await fetch(`${service.url}/`);
  expect([missing.status, await missing.text()]).toEqual([503, expect.stringContaining('run build:web')]);

  await mkdir(join(dir, 'web/assets'), { recursive: true });
  await writeFile(join(dir, 'web/index.html'), '<!doctype html><title>Nightshift</title>');
  await writeFile(join(dir, 'web/assets/a.js'), 'void 0;');
  await writeFile(join(dir, 'secret.txt'), 'not for the web');
  for (const path of ['/', '/login', '/inbox', '/incidents/inc-1']) {
    const answer = await fetch(service.url + path);
    expect([answer.status, answer.headers.get('cache-control')], path).toEqual([200, 'no-store']);
  }
  const asset = await fetch(`${service.url}/assets/a.js`);
  expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  for (const path of [
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/',
    '/assets/none.js',
  ]) {
    const answer = await fetch(service.url + path);
    expect(answer.status, path).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).not.toContain('not for the web');
  }
});
