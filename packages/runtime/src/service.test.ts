import { raise, timeline, step } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { NightshiftError } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startService, type Started } from './service.ts';

let test: TestDatabase;
let service: Started;
let url: string;
beforeAll(async () => {
  test = await testDatabase();
  await migrateQueue(test.url);
  const env = { DATABASE_URL: test.url, NIGHTSHIFT_SECRET: 'sixteen characters', LOG_LEVEL: 'silent' };
  service = await startService(
    {
      name: 'diagnostics',
      config: z.object({}),
      async start(_config, { app, db }) {
        app.get('/broken', () => Promise.reject(new Error('password=hunter2')));
        app.get('/coded', () => Promise.reject(new NightshiftError('CONFLICT', 'somebody was faster')));
        return {
          stages: {
            diagnose: async ({ incident, stage, generation }) => {
              await step(
                db,
                incident.id,
                { kind: 'diagnosed', results: [] },
                { actor: 'diagnostics', job: { stage, generation } },
              );
              return 'done';
            },
          },
          async close() {},
        };
      },
    },
    env,
  );
  url = `http://127.0.0.1:${service.port}`;
});
afterAll(async () => {
  await service.close();
  await test.close();
});

describe('every service', () => {
  it('says that it lives, that it is ready, and what it measures', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: 'ready', database: true, queue: true });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/process_cpu_seconds_total\{service="diagnostics"\}/);
    expect(metrics).toMatch(/nightshift_queue_jobs\{job="diagnose",state="waiting",service="diagnostics"\} 0/);
  });

  it('takes the jobs of its stages by itself, and counts them', async () => {
    const alarm = {
      service: 'shop',
      type: 'unknown' as const,
      severity: 'critical' as const,
      title: 't',
      onsetAt: 0,
      reason: 'r',
      anomalies: [],
    };
    const { incidentId } = await test.db.tx((tx) => raise(tx, alarm, 'detector'));
    await eventually(async () =>
      expect(await timeline(test.db, incidentId)).toMatchObject([{ to: 'diagnosing' }, { to: 'deciding' }]),
    );
    await eventually(async () =>
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
        /nightshift_job_duration_seconds_count\{service="diagnostics",job="diagnose",outcome="done"\} 1/,
      ),
    );
  });

  it('answers errors by code, without what they hold', async () => {
    const coded = await fetch(`${url}/coded`);
    expect([coded.status, await coded.json()]).toMatchObject([
      409,
      { error: { code: 'CONFLICT', message: 'somebody was faster', help: expect.any(String) } },
    ]);
    const broken = await fetch(`${url}/broken`);
    expect(broken.status).toBe(500);
    expect(await broken.text()).not.toContain('hunter2');
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    expect(
      (await fetch(`${url}/healthz`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }))
        .status,
    ).toBeLessThan(500);
  });

  it('does not start without a configuration, and names what is missing', async () => {
    const start = startService(
      { name: 'console', config: z.object({}), start: async () => ({ stages: {}, close: async () => {} }) },
      {},
    );
    await expect(start).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('DATABASE_URL is not set'),
    });
  });
});
