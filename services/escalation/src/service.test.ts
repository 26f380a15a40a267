import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { moveClock } from '@nightshift/db';
import { raise, step, timeline } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { startService, type Started } from '@nightshift/runtime';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Config } from './config.ts';
import { startEscalation } from './service.ts';
import { env, oncall, startReceiver, type Receiver } from './stand-ins.ts';

let test: TestDatabase;
let pager: Receiver;
let dir: string;
let services: Started[];

beforeAll(async () => {
  [test, pager, dir] = await Promise.all([
    testDatabase(),
    startReceiver(),
    mkdtemp(join(tmpdir(), 'nightshift-escalation-')),
  ]);
  for (const [name, value] of Object.entries(env(pager.url))) vi.stubEnv(name, value);
  await Promise.all([migrateQueue(test.url), writeFile(join(dir, 'oncall.yaml'), JSON.stringify(oncall()))]);
  const variables = {
    DATABASE_URL: test.url,
    NIGHTSHIFT_CONFIG_DIR: dir,
    NIGHTSHIFT_SECRET: 'a secret of the test, long enough',
    LOG_LEVEL: 'silent',
  };
  const spec = { name: 'escalation', config: Config, start: startEscalation } as const;
  services = await Promise.all([startService(spec, variables), startService(spec, variables)]);
});
afterAll(async () => {
  await Promise.all(services.map((service) => service.close()));
  vi.unstubAllEnvs();
  await Promise.all([test.close(), pager.close(), rm(dir, { recursive: true })]);
});

const kinds = async (id: string) => (await timeline(test.db, id)).map(({ event }) => event.kind);

describe('two copies of the service, without a catalogue', () => {
  it('page who is on call, then the next level, and stop when somebody takes it; each page once', async () => {
    const alarm = {
      service: 'shop-api',
      type: 'unknown',
      severity: 'critical',
      title: 'shop-api: errors',
      onsetAt: Date.now(),
      reason: 'r',
    } as const;
    const { incidentId } = await test.db.tx((tx) => raise(tx, { ...alarm, anomalies: [] }, 'detector'));
    await step(test.db, incidentId, { kind: 'diagnosed', results: [] }, { actor: 'diagnostics' });
    await step(
      test.db,
      incidentId,
      { kind: 'no_runbook', reason: 'none fits', considered: [] },
      { actor: 'runbook-executor' },
    );
    await eventually(async () => expect((await kinds(incidentId)).filter((kind) => kind === 'paged')).toHaveLength(1));
    expect(pager.received[0]!.body.data).toMatchObject({ recipient: 'ada', reason: 'no runbook fits: none fits' });

    await moveClock(test.db, 301_000);
    await eventually(async () => expect((await kinds(incidentId)).filter((kind) => kind === 'paged')).toHaveLength(2));
    await step(test.db, incidentId, { kind: 'acknowledged', by: 'bob' }, { actor: 'bob' });
    await moveClock(test.db, 301_000);
    await eventually(async () =>
      expect(await test.db.query('SELECT 1 FROM escalation WHERE next_at IS NOT NULL')).toEqual([]),
    );
    expect(pager.received.map(({ signed, body }) => [signed, body.data['recipient']])).toEqual([
      [true, 'ada'],
      [true, 'bob'],
    ]);
    const metrics = await Promise.all(
      services.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    );
    const sent = metrics.flatMap((text) =>
      [...text.matchAll(/nightshift_pages_total\{.*outcome="sent".*\} (\d+)/g)].map((match) => Number(match[1])),
    );
    expect(sent.reduce((sum, count) => sum + count, 0)).toBe(2);
  });
});
