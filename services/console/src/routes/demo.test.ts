import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleOn, type Visitor } from '../testing/console.ts';
import type { Demo, Me } from '../wire.ts';

let test: TestDatabase;
let shop: Server;
let service: Awaited<ReturnType<typeof consoleOn>>;
let ada: Visitor;
const asked: string[] = [];
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  shop = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    if (request.url === '/processes')
      response.end(JSON.stringify([{ name: 'shop-api', state: 'running', version: 'v1', pid: 1 }]));
    else response.writeHead(request.url === '/faults/mystery' ? 500 : 202).end('{}');
  });
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  service = await consoleOn(test.url, { SHOP_CONTROL_URL: url, SHOP_CONTROL_TOKEN: 'of the shop' });
  ada = await service.as('Ada');
});
afterAll(async () => {
  await service?.close();
  shop?.close();
  await test?.close();
});

describe('breaking the demo shop', () => {
  it('is passed on to its control API, whose token stays here', async () => {
    expect(await ada.read<Me>('/api/session')).toMatchObject({ demo: true });
    expect(await ada.read<Demo>('/api/faults')).toEqual({
      scenarios: ['bad-deploy', 'crash', 'mystery', 'overload', 'fix-fails', 'disk-full'],
      processes: [{ name: 'shop-api', state: 'running', version: 'v1' }],
    });
    expect((await ada.post('/api/faults/bad-deploy')).status).toBe(202);
    expect(asked).toContain('POST /faults/bad-deploy Bearer of the shop');
  });

  it('knows its scenarios and passes nothing else on', async () => {
    const before = asked.length;
    for (const scenario of ['nothing', '..%2Fprocesses', 'bad-deploy%3Fx'])
      expect((await ada.post(`/api/faults/${scenario}`)).status).toBe(404);
    expect((await ada.post('/api/faults/crash', {}, { 'x-nightshift-csrf': 'x' })).status).toBe(403);
    expect(asked.length).toBe(before);
  });

  it('says when the shop fails or is not there', async () => {
    expect((await ada.post('/api/faults/mystery')).status).toBe(502);
    const nowhere = await consoleOn(test.url, { SHOP_CONTROL_URL: 'http://127.0.0.1:9', SHOP_CONTROL_TOKEN: 'x' });
    const answer = await (await nowhere.as('Ada')).post('/api/faults/crash');
    expect([answer.status, await answer.json()]).toMatchObject([502, { error: { code: 'DEMO_UNAVAILABLE' } }]);
    await nowhere.close();
  });

  it('is not offered when nobody told the console of a shop', async () => {
    const plain = await consoleOn(test.url);
    const visitor = await plain.as('Ada');
    expect(await visitor.read<Me>('/api/session')).toMatchObject({ demo: false });
    expect((await visitor.post('/api/faults/crash')).status).toBe(404);
    await plain.close();
  });
});
