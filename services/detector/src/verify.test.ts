import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moveClock } from '@nightshift/db';
import { findIncident, step, timeline } from '@nightshift/lifecycle';
import { eventually, insertIncident, testDatabase } from '@nightshift/testkit';
import type { IncidentEvent } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ground, healthyValue, type Ground } from './detector.fixture.ts';

let shop: Ground;
let ids: number[];
let incidentId: string;

beforeEach(async () => {
  shop = await ground(
    await testDatabase(),
    `
schema: 1
rules: [{ metric: "*", harm: up }]
recovery: { holdSeconds: 60, minSamples: 5 }
`,
  );
  await shop.detector();
  ids = [await shop.series('shop', 'error_rate', 0), await shop.series('shop', 'latency_ms', 1)];
  await shop.warm(ids);
  const at = await shop.now();
  await shop.send(ids.map((id) => ({ id, at, value: 500 })));
  incidentId = await eventually(async () => {
    const [row] = await shop.db.query<{ id: string }>('SELECT id FROM incident');
    expect(row).toBeDefined();
    return row!.id;
  });
});
afterEach(() => shop?.close());

const incident = async () => (await findIncident(shop.db, incidentId))!;
const happen = async (...events: IncidentEvent[]) => {
  for (const event of events)
    expect(await step(shop.db, incidentId, event, { actor: 'test' })).toMatchObject({ accepted: true });
};
const action = { actionId: 'act-1', step: 0, type: 'rollback_deploy', target: 'shop' };
/** Diagnosed, repaired, and now to be verified. */
const repaired = () =>
  happen(
    { kind: 'diagnosed', results: [] },
    { kind: 'runbook_chosen', runbook: 'r', hash: 'h', planHash: 'p', summary: '', considered: [] },
    { kind: 'action_finished', ...action, outcome: 'succeeded', detail: '' },
    { kind: 'remediated', detail: '' },
  );
/** Samples of some series every five seconds from `from` to `to`, ms after `since`. */
const send = (series: number[], since: number, from: number, to: number, value?: number) =>
  shop.send(
    series.flatMap((id) =>
      Array.from({ length: (to - from) / 5_000 + 1 }, (_, i) => ({
        id,
        at: since + from + i * 5_000,
        value: value ?? healthyValue(i),
      })),
    ),
  );
/** The watch has looked at least this often since: its outbox row was postponed so many times. */
async function watched(times = 2) {
  const seen = new Set<number>();
  await eventually(
    async () => {
      const [row] = await shop.db.query<{ due: number }>(
        `SELECT due_at AS due FROM outbox WHERE stage = 'verify' AND done_at IS NULL AND sends = 0`,
      );
      if (row) seen.add(row.due);
      expect(seen.size).toBeGreaterThan(times);
    },
    { timeoutMs: 15_000, everyMs: 50 },
  );
}
const fresh = async (since: number, count: number) =>
  eventually(async () => {
    const [row] = await shop.db.query<{ count: number }>('SELECT count(*) FROM point WHERE at > ms($1)', [since]);
    expect(row!.count).toBe(count);
  });

describe('verify', () => {
  test('proves recovery from fresh samples, and only from them', async () => {
    await repaired();
    const { actedAt } = await incident();
    // Healthy before the action, nothing since: that proves nothing, however long it is.
    await moveClock(shop.db, 100_000);
    await watched();
    expect((await incident()).state).toBe('verifying');
    // One of the two is well.
    await send(ids.slice(0, 1), actedAt!, 5_000, 95_000);
    await fresh(actedAt!, 19);
    await watched();
    expect((await incident()).state).toBe('verifying');
    await send(ids.slice(1), actedAt!, 5_000, 95_000);
    await eventually(async () =>
      expect(await incident()).toMatchObject({ state: 'resolved', resolution: 'automated' }),
    );
    const recovered = (await timeline(shop.db, incidentId))
      .map((entry) => entry.event)
      .find((event) => event.kind === 'recovered');
    expect(recovered).toMatchObject({
      since: actedAt,
      freshSamples: 38,
      detail: '2 series inside their bands for 60 s, 38 fresh samples',
    });
  });

  test('holds for as long as the plan asks for, where that is more', async () => {
    await repaired();
    const { actedAt } = await incident();
    await shop.db.query(`INSERT INTO plan (hash, incident_id, generation, content) VALUES ('p', $1, 1, $2)`, [
      incidentId,
      JSON.stringify({ verify: { holdSeconds: 100 } }),
    ]);
    await moveClock(shop.db, 125_000);
    await send(ids, actedAt!, 5_000, 95_000);
    await fresh(actedAt!, 38);
    await watched();
    expect((await incident()).state).toBe('verifying');
    await send(ids, actedAt!, 100_000, 120_000);
    await eventually(async () => expect((await incident()).state).toBe('resolved'));
  });

  test('is no recovery while a neighbour that would feel the remedy fell sick after it', async () => {
    await repaired();
    const { actedAt } = await incident();
    const felt = [{ service: 'web', through: 'shop', criticality: 'high' }];
    await shop.db.query(`INSERT INTO plan (hash, incident_id, generation, content) VALUES ('p', $1, 1, $2)`, [
      incidentId,
      JSON.stringify({ blastRadius: { touches: ['shop'], felt } }),
    ]);
    await insertIncident(shop.db, {
      service: 'web',
      openedAt: Math.ceil(actedAt!) - 10_000,
      fingerprint: 'sick before',
    });
    const harmed = await insertIncident(shop.db, {
      service: 'web',
      openedAt: Math.ceil(actedAt!) + 1_000,
      state: 'escalated',
    });
    await moveClock(shop.db, 100_000);
    await send(ids, actedAt!, 5_000, 95_000);
    await fresh(actedAt!, 38);
    await watched();
    expect((await incident()).state).toBe('verifying');
    await step(shop.db, harmed, { kind: 'resolved_by_person', by: 'ada', reason: '' }, { actor: 'ada' });
    await eventually(async () => expect((await incident()).state).toBe('resolved'));
  });

  test('says so when the time is over without proof, so that something else is tried', async () => {
    await repaired();
    const { actedAt } = await incident();
    await moveClock(shop.db, 285_000);
    await send(ids, actedAt!, 220_000, 280_000, 500);
    await watched(1);
    await moveClock(shop.db, 8_000);
    await eventually(async () => expect((await incident()).state).not.toBe('verifying'));
    const [moved] = (await timeline(shop.db, incidentId)).filter((entry) => entry.from === 'verifying');
    expect(moved).toMatchObject({
      to: 'deciding',
      event: { kind: 'not_recovered', detail: expect.stringMatching(/500 is outside its limit of/) as string },
    });
  });

  test('says so as early as the configuration asks for, and never before a hold time could be over twice', async () => {
    await repaired();
    await moveClock(shop.db, 110_000);
    const rule = 'recovery: { holdSeconds: 60, minSamples: 5, withinSeconds: 20 }';
    await writeFile(join(shop.env['NIGHTSHIFT_CONFIG_DIR']!, 'detection.yaml'), `schema: 1\n${rule}\n`);
    await watched();
    expect((await incident()).state).toBe('verifying');
    await moveClock(shop.db, 15_000);
    await eventually(async () => expect((await incident()).state).toBe('deciding'), { timeoutMs: 20_000 });
  });

  test('goes on after escalation: what heals by itself is resolved as that', async () => {
    await happen({ kind: 'diagnosed', results: [] }, { kind: 'no_runbook', reason: 'none', considered: [] });
    const { openedAt } = await incident();
    await moveClock(shop.db, 100_000);
    await send(ids, openedAt, 5_000, 95_000);
    await eventually(async () => expect(await incident()).toMatchObject({ state: 'resolved', resolution: 'self' }), {
      timeoutMs: 15_000,
    });
  });

  test('leaves it to the person who has acknowledged', async () => {
    await happen(
      { kind: 'diagnosed', results: [] },
      { kind: 'no_runbook', reason: 'none', considered: [] },
      { kind: 'acknowledged', by: 'ada' },
    );
    const { openedAt } = await incident();
    await moveClock(shop.db, 100_000);
    await send(ids, openedAt, 5_000, 95_000);
    await eventually(
      async () => {
        const rows = await shop.db.query(`SELECT 1 FROM outbox WHERE stage = 'verify' AND done_at IS NOT NULL`);
        expect(rows).toHaveLength(1);
      },
      { timeoutMs: 15_000 },
    );
    expect((await incident()).state).toBe('escalated');
  });

  test('after it is over, the anomalies it dealt with open nothing; new ones reopen it', async () => {
    await repaired();
    const { actedAt } = await incident();
    await happen({ kind: 'recovered', detail: '', freshSamples: 9, since: actedAt! });
    const at = await shop.now();
    // Still inside the window of the anomalies from before.
    await send(ids, at, 0, 20_000);
    await eventually(async () => expect(await shop.drained()).toBe(true));
    expect((await incident()).state).toBe('resolved');
    await send(ids, at, 25_000, 25_000, 500);
    await eventually(async () => expect(await incident()).toMatchObject({ state: 'diagnosing', reopens: 1 }));
  });

  test('reopened for something else, it is what it is now, not what it was', async () => {
    await repaired();
    const { actedAt, type } = await incident();
    expect(type).toBe('high_error_rate');
    await happen({ kind: 'recovered', detail: '', freshSamples: 9, since: actedAt! });
    const others = [await shop.series('shop', 'orders_declined', 0), await shop.series('shop', 'baskets_lost', 1)];
    await shop.warm(others);
    const at = await shop.now();
    await shop.send(others.map((id) => ({ id, at, value: 500 })));
    await eventually(async () => expect(await incident()).toMatchObject({ reopens: 1, type: 'unknown' }));
    // Another one joins, while the errors of before are still inside the window.
    const third = await shop.series('shop', 'carts_abandoned', 0);
    await shop.warm([third]);
    await shop.send([{ id: third, at: await shop.now(), value: 500 }]);
    await eventually(async () => {
      const joined = (await timeline(shop.db, incidentId)).flatMap(({ event }) =>
        event.kind === 'anomaly_joined' ? [event.metric] : [],
      );
      expect(joined).toContain('carts_abandoned');
    });
    expect(await incident()).toMatchObject({ type: 'unknown', title: 'shop: something is off' });
  });
});
