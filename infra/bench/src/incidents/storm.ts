import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from '@nightshift/db';
import { raise } from '@nightshift/lifecycle';
import type { House } from '../ground/house.ts';
import { startService, type Ground } from '../ground/nightshift.ts';
import { alarmOf } from './lives.ts';

export type Storm = {
  incidents: number;
  seconds: number;
  perSecond: number;
  /** Incidents of which nobody was told. */
  lost: number;
  /** Pages that came again, under the same key. */
  pagesRepeated: number;
  /** Incidents that are not where they should be: escalated. */
  elsewhere: number;
  /** Moved on by their deadline instead of by their own job. */
  byDeadline: number;
};

const inFlight = 8;

/** The files of a configuration in which everything ends with a page to one webhook. */
export const stormFiles = {
  'detection.yaml': 'schema: 1',
  'catalogue.yaml': 'schema: 1\nservices: []',
  'oncall.yaml': JSON.stringify({
    schema: 1,
    channels: [{ id: 'pager', kind: 'webhook', urlEnv: 'PAGER_URL', secretEnv: 'PAGER_SECRET', allowPrivate: true }],
    policies: [{ id: 'all', levels: [{ notify: ['pager'], nextAfterSeconds: 86_400 }] }],
    defaultPolicy: 'all',
  }),
  'runbooks/README': 'none',
};

/**
 * Opens so many incidents as fast as it can while the services work, kills one service in the middle with SIGKILL, and waits until a page of
 * each has arrived.
 */
export async function storm(house: House, ground: Ground, incidents: number, limitMs: number): Promise<Storm> {
  const paged = new Map<string, number>();
  const url = await startPager(house, (service) => paged.set(service, (paged.get(service) ?? 0) + 1));
  const env = { PAGER_URL: url, PAGER_SECRET: `whsec_${Buffer.from('the pager of the benchmark').toString('base64')}` };
  const start = (name: 'diagnostics' | 'runbook-executor' | 'escalation') => startService(house, ground, name, env);
  const diagnostics = await start('diagnostics');
  await start('runbook-executor');
  await start('escalation');

  house.say(`a storm of ${incidents} incidents`);
  const started = performance.now();
  const opened = openAll(ground.postgres.db, incidents);
  let killed = false;
  let saidAt = started;
  while (paged.size < incidents && performance.now() - started < limitMs) {
    await pause(50, undefined, { signal: house.signal });
    if (!killed && paged.size > incidents / 4) {
      killed = true;
      house.say(`${paged.size} told; diagnostics is killed with SIGKILL and started again`);
      await diagnostics.child.stop('SIGKILL');
      await start('diagnostics');
    }
    if (performance.now() - saidAt > 10_000) {
      saidAt = performance.now();
      house.say(`${paged.size} of ${incidents} told`);
    }
  }
  const seconds = (performance.now() - started) / 1_000;
  await opened;
  const count = async (sql: string) => (await ground.postgres.db.query<{ count: number }>(sql))[0]!.count;
  return {
    incidents,
    seconds,
    perSecond: incidents / seconds,
    lost: incidents - paged.size,
    pagesRepeated: [...paged.values()].reduce((sum, pages) => sum + pages - 1, 0),
    elsewhere: await count(`SELECT count(*) FROM incident WHERE service LIKE 'storm-%' AND state <> 'escalated'`),
    byDeadline: await count(`SELECT count(DISTINCT incident_id) FROM event WHERE event ->> 'kind' = 'deadline_passed'`),
  };
}

async function openAll(db: Db, incidents: number): Promise<void> {
  let next = 0;
  const open = async () => {
    while (next < incidents) {
      const alarm = alarmOf(`storm-${next++}`);
      await db.tx((tx) => raise(tx, alarm, 'bench'));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, open));
}

async function startPager(house: House, told: (service: string) => void): Promise<string> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      told((JSON.parse(text) as { data: { service: string } }).data.service);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  house.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
