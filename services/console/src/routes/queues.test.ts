import { migrateQueue } from '@nightshift/queue';
import { redisAvailable, startRedis, testDatabase, type TestDatabase, type TestRedis } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleOn, type Visitor } from '../testing/console.ts';

const backends = ['postgres', 'redis'] as const;

describe.each(backends)('Bull Board over %s', (backend) => {
  const absent = backend === 'redis' && !redisAvailable();
  let test: TestDatabase;
  let redis: TestRedis | undefined;
  let service: Awaited<ReturnType<typeof consoleOn>>;
  let ada: Visitor;
  beforeAll(async () => {
    if (absent) return;
    test = await testDatabase();
    if (backend === 'redis') redis = await startRedis();
    else await migrateQueue(test.url);
    service = await consoleOn(test.url, redis ? { QUEUE_URL: redis.url } : {});
    ada = await service.as('Ada');
  });
  afterAll(async () => {
    await service?.close();
    await redis?.close();
    await test?.close();
  });

  it('shows its page, an asset of it, and every queue to whoever is logged in', async (context) => {
    if (absent) context.skip('no redis-server on this machine');
    const page = await ada.get('/queues/');
    expect(page.status).toBe(200);
    const html = await page.text();
    const script = /src="(static\/js\/[^"]+)"/.exec(html)![1]!;
    const asset = await ada.get(`/queues/${script}`);
    expect([asset.status, asset.headers.get('content-type')]).toEqual([200, expect.stringContaining('javascript')]);
    expect((await asset.text()).length).toBeGreaterThan(1_000);
    const { queues } = await ada.read<{ queues: { name: string; readOnlyMode: boolean }[] }>('/queues/api/queues');
    expect(queues.map(({ name }) => name)).toEqual([
      'samples-0',
      'samples-1',
      'samples-2',
      'samples-3',
      'diagnostics',
      'runbook-executor',
      'detector',
      'escalation',
      'postmortem',
      'quarantine',
    ]);
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
  });

  it('shows nothing to anybody else', async (context) => {
    if (absent) context.skip('no redis-server on this machine');
    const page = await fetch(`${service.url}/queues/`, { headers: { accept: 'text/html' }, redirect: 'manual' });
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?next=%2Fqueues%2F']);
    for (const path of [
      '/queues',
      '/queues/',
      '/queues/api/queues',
      '/queues/static/favicon.ico',
      '/queues/queue/diagnostics',
      '/queues/nowhere',
    ]) {
      expect((await fetch(service.url + path)).status, path).toBe(401);
    }
  });

  const changes: [string, string][] = [
    ['PUT', 'pause'],
    ['PUT', 'resume'],
    ['PUT', 'diagnostics/pause'],
    ['PUT', 'diagnostics/resume'],
    ['PUT', 'diagnostics/empty'],
    ['PUT', 'diagnostics/obliterate'],
    ['PUT', 'diagnostics/promote'],
    ['PUT', 'diagnostics/clean/failed'],
    ['PUT', 'diagnostics/retry/failed'],
    ['POST', 'diagnostics/add'],
    ['PUT', 'diagnostics/1/retry/failed'],
    ['PUT', 'diagnostics/1/promote'],
    ['PUT', 'diagnostics/1/clean'],
    ['PATCH', 'diagnostics/1/update-data'],
    ['DELETE', 'diagnostics'],
    ['POST', '../metrics/history/purge'],
  ];
  it.for(changes)('changes nothing: %s %s', async ([method, path], context) => {
    if (absent) context.skip('no redis-server on this machine');
    const url = `/queues/api/queues/${path}`;
    const body = { method, headers: { 'content-type': 'application/json' }, body: '{}' };
    expect((await fetch(service.url + url, body)).status, 'without a session').toBe(401);
    expect((await ada.get(url, body)).status, 'with a session').toBe(405);
  });
});
