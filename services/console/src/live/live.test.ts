import { step } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { eventually, insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleOn, type Visitor } from '../testing/console.ts';
import { createHub } from './hub.ts';

let test: TestDatabase;
let service: Awaited<ReturnType<typeof consoleOn>>;
let ada: Visitor;
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  service = await consoleOn(test.url, { CONSOLE_LIVE_CLIENTS: '2' });
  ada = await service.as('Ada');
});
afterAll(async () => {
  await service?.close();
  await test?.close();
});

/** Follows live events as a browser does. */
async function follow(visitor: Visitor) {
  const stop = new AbortController();
  const answer = await visitor.get('/api/events', { signal: stop.signal });
  const heard: string[] = [];
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      for (const line of decoder.decode(chunk as Uint8Array).split('\n')) if (line) heard.push(line);
    }
  })().catch(() => {});
  return { answer, heard, stop: () => (stop.abort(), reading) };
}

describe('live events', () => {
  it('tell of every event of an incident, at once', async () => {
    const live = await follow(ada);
    expect(live.answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    await eventually(() => expect(live.heard).toContain('event: refresh'));
    const id = await insertIncident(test.db, { service: 'live-1', state: 'escalated' });
    await step(test.db, id, { kind: 'acknowledged', by: 'Ada' }, { actor: 'Ada' });
    await eventually(() => expect(live.heard).toContain(`data: {"id":"${id}"}`), { timeoutMs: 2_000 });
    await ada.post('/api/kill-switch', { on: false, reason: 'a test' });
    await eventually(() => expect(live.heard).toContain('event: setting'), { timeoutMs: 2_000 });
    await live.stop();
  });

  it('go on after the connection to Postgres broke, and say: read again', async () => {
    const live = await follow(ada);
    await eventually(() => expect(live.heard).toContain('event: refresh'));
    const before = live.heard.length;
    const [cut] = await test.db.query<{ cut: number }>(
      `SELECT count(pg_terminate_backend(pid)) AS cut FROM pg_stat_activity WHERE application_name = 'nightshift console dedicated' AND datname = current_database()`,
    );
    expect(cut!.cut).toBe(1);
    await eventually(() =>
      expect(live.heard.slice(before)).toEqual(
        expect.arrayContaining(['data: {"ok":false}', 'data: {"ok":true}', 'event: refresh']),
      ),
    );
    const id = await insertIncident(test.db, { service: 'live-2', state: 'escalated' });
    await step(test.db, id, { kind: 'acknowledged', by: 'Ada' }, { actor: 'Ada' });
    await eventually(() => expect(live.heard).toContain(`data: {"id":"${id}"}`));
    await live.stop();
  });

  it('are bounded: one page too many is told to come back later, and a place becomes free again', async () => {
    const [first, second] = [await follow(ada), await follow(ada)];
    const third = await ada.get('/api/events');
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '2']);
    await first.stop();
    await eventually(async () => {
      const again = await follow(ada);
      await again.stop();
      expect(again.answer.status).toBe(200);
    });
    await second.stop();
  });
});

describe('a hub', () => {
  it('cuts off a page that does not read, and goes on for the others', async () => {
    const hub = createHub({ clients: 10 });
    const [slow, quick] = [hub.subscribe(Infinity), hub.subscribe(Infinity)];
    let read = 0;
    quick.on('data', (chunk: Buffer) => (read += chunk.length));
    for (let i = 0; i < 5_000; i++) {
      hub.send({ event: 'incident', id: `inc-${i}-${'x'.repeat(50)}` });
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(hub.count()).toBe(1));
    expect(slow.destroyed).toBe(true);
    await eventually(() => expect(read).toBeGreaterThan(5_000 * 60));
    hub.close();
  });

  it('ends with the session', async () => {
    const hub = createHub({ clients: 10, heartbeatMs: 5 });
    const stream = hub.subscribe(Date.now() - 1);
    stream.resume();
    await eventually(() => expect(hub.count()).toBe(0));
    hub.close();
  });
});
