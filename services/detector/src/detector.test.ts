import { moveClock } from '@nightshift/db';
import { timeline } from '@nightshift/lifecycle';
import { eventually, testDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ground, healthyValue, type Ground } from './detector.fixture.ts';

let shop: Ground;
beforeAll(async () => {
  shop = await ground(
    await testDatabase(),
    `
schema: 1
rules:
  - { metric: heartbeat, harm: down, noData: alert }
  - { metric: "*", harm: up }
`,
  );
  await shop.detector();
});
afterAll(() => shop?.close());

type IncidentRow = { id: string; state: string; type: string; title: string; severity: string; onset_at: number };
const incidents = (service: string) =>
  shop.db.query<IncidentRow>('SELECT * FROM incident WHERE service = $1 ORDER BY opened_at', [service]);
const anomalies = (service: string) =>
  shop.db.query<{
    series_id: number;
    incident_id: string | null;
    ended_at: number | null;
    severity: string;
    low: number;
    high: number;
  }>('SELECT * FROM anomaly WHERE service = $1 ORDER BY id', [service]);
const points = (incidentId: string, seriesId: number) =>
  shop.db.query<{ at: number; value: number; high: number | null }>(
    'SELECT at, value, high FROM point WHERE incident_id = $1 AND series_id = $2 ORDER BY at',
    [incidentId, seriesId],
  );
const kinds = async (incidentId: string) => (await timeline(shop.db, incidentId)).map((entry) => entry.event.kind);
const drained = () => eventually(async () => expect(await shop.drained()).toBe(true), { timeoutMs: 15_000 });

/** A service with series on both shards, warmed up, with an incident. */
async function sick(service: string, metrics = ['http_error_rate', 'latency_ms']) {
  const ids = await Promise.all(metrics.map((metric, i) => shop.series(service, metric, i % 2)));
  await shop.warm(ids);
  const at = await shop.now();
  await shop.send(ids.map((id) => ({ id, at, value: 500 })));
  const incident = await eventually(async () => {
    const [row] = await incidents(service);
    expect(row).toBeDefined();
    return row!;
  });
  return { ids, at, incident };
}

describe('anomalies of one service', () => {
  test('open one incident, whichever shards they are on, with its history', async () => {
    const { ids, at, incident } = await sick('one');
    expect(incident).toMatchObject({
      type: 'high_error_rate',
      title: 'one: too many errors',
      severity: 'critical',
      state: 'diagnosing',
      onset_at: at,
    });
    expect((await timeline(shop.db, incident.id))[0]!.event).toMatchObject({
      kind: 'opened',
      reason: '2 anomalous series of one within 60 s: evidence 6.0, more than the service shows by itself',
    });
    for (const id of ids) {
      await eventually(async () => {
        const history = await points(incident.id, id);
        expect(history).toHaveLength(41);
        expect(history.at(-1)).toMatchObject({ at, value: 500 });
        expect(history.at(-1)!.high).toBeLessThan(110);
        expect(history[0]!.high).toBeNull();
      });
    }
    expect(await anomalies('one')).toHaveLength(2);
  });

  test('defect 14: while it is open, more of the same opens nothing and is told of once', async () => {
    const { ids, at, incident } = await sick('repeating');
    for (let i = 1; i <= 5; i++) await shop.send(ids.map((id) => ({ id, at: at + i * 1_000, value: 500 + i })));
    await eventually(async () => expect(await points(incident.id, ids[0]!)).toHaveLength(46));
    expect(await incidents('repeating')).toHaveLength(1);
    expect(await anomalies('repeating')).toHaveLength(2);
    expect(await kinds(incident.id)).toEqual(['opened']);
  });

  test('later ones join, once per series, and may change what it is called while nobody has decided', async () => {
    const { at, incident } = await sick('growing');
    const up = await shop.series('growing', 'service_up', 1);
    await shop.warm([up]);
    for (const i of [1, 2]) await shop.send([{ id: up, at: at + i * 1_000, value: 500 }]);
    await eventually(async () => expect(await kinds(incident.id)).toEqual(['opened', 'anomaly_joined']));
    await drained();
    expect(await kinds(incident.id)).toEqual(['opened', 'anomaly_joined']);
    expect((await incidents('growing'))[0]).toMatchObject({ type: 'service_down', title: 'growing: down' });
  });

  test('a job that is delivered again changes nothing', async () => {
    const { ids, at, incident } = await sick('redelivered');
    await eventually(async () => expect(await points(incident.id, ids[0]!)).toHaveLength(41));
    const picture = async () => [
      await incidents('redelivered'),
      await anomalies('redelivered'),
      await points(incident.id, ids[0]!),
      await kinds(incident.id),
    ];
    const before = await picture();
    await shop.send(ids.map((id) => ({ id, at, value: 500 })));
    await drained();
    expect(await picture()).toEqual(before);
  });

  test('defect 13: criticals of different services do not add up', async () => {
    const ids = [await shop.series('lonely-a', 'latency_ms'), await shop.series('lonely-b', 'latency_ms')];
    await shop.warm(ids);
    const at = await shop.now();
    await shop.send(ids.map((id) => ({ id, at, value: 500 })));
    await drained();
    expect(await anomalies('lonely-a')).toMatchObject([{ severity: 'critical', incident_id: null }]);
    expect([...(await incidents('lonely-a')), ...(await incidents('lonely-b'))]).toEqual([]);
  });

  test('an episode ends when its series is calm again', async () => {
    const id = await shop.series('calming', 'latency_ms');
    await shop.warm([id], (await shop.now()) - 75_000);
    const at = await shop.now();
    await shop.send([{ id, at: at - 50_000, value: 500 }]);
    await eventually(async () => expect(await anomalies('calming')).toMatchObject([{ ended_at: null }]));
    await shop.send(
      Array.from({ length: 12 }, (_, i) => ({ id, at: at - 40_000 + i * 5_000, value: healthyValue(i) })),
    );
    await eventually(async () => expect(await anomalies('calming')).toMatchObject([{ ended_at: at + 15_000 }]));
  });
});

describe('samples of the past', () => {
  test('a back-fill warms the detector and opens nothing', async () => {
    const ids = [await shop.series('backfilled', 'latency_ms', 0), await shop.series('backfilled', 'error_rate', 1)];
    const past = (await shop.now()) - 600_000;
    await shop.warm(ids, past);
    // Still sick when the history ends, ten minutes ago.
    await shop.send(ids.flatMap((id) => [0, 1, 2].map((i) => ({ id, at: past + i * 1_000, value: 900 }))));
    await drained();
    expect(await anomalies('backfilled')).toEqual([]);
    expect(await incidents('backfilled')).toEqual([]);
    // It is warm: the first sick sample of today is seen.
    const at = await shop.now();
    await shop.send(ids.map((id) => ({ id, at, value: 900 })));
    await eventually(async () => expect(await incidents('backfilled')).toMatchObject([{ onset_at: at }]));
  });

  test('a sample from far ahead is dropped instead of making its series deaf', async () => {
    const ids = [await shop.series('ahead', 'latency_ms', 0), await shop.series('ahead', 'error_rate', 1)];
    await shop.warm(ids);
    const at = await shop.now();
    await shop.send(ids.map((id) => ({ id, at: at + 500_000, value: 100 })));
    await shop.send(ids.map((id) => ({ id, at, value: 900 })));
    await eventually(async () => expect(await incidents('ahead')).toHaveLength(1));
  });
});

describe('what is not a sample', () => {
  test('NaN and series that nobody registered do no damage', async () => {
    const ids = [await shop.series('odd', 'latency_ms', 0), await shop.series('odd', 'error_rate', 1)];
    await shop.warm(ids);
    const at = await shop.now();
    await shop.send(ids.map((id) => ({ id, at, value: NaN })));
    await shop.send([
      { id: 4_000_000_000, at, value: 1 },
      { id: 4_000_000_001, at, value: 1 },
    ]);
    await shop.send(ids.map((id) => ({ id, at: at + 1, value: 900 })));
    await eventually(async () => expect(await incidents('odd')).toHaveLength(1));
  });

  test('a batch that cannot be read goes into quarantine and holds up nobody', async () => {
    await shop.queue.send('samples', { v: 1, shard: 0, batch: 'AAAA' }, { id: 'broken-batch', shard: 0 });
    await sick('behind-broken');
  });
});

test('defect 16: while the database refuses, news is kept, and told when it does no longer', async () => {
  const ids = [await shop.series('refused', 'latency_ms', 0), await shop.series('refused', 'error_rate', 1)];
  await shop.warm(ids);
  await drained();
  const at = await shop.now();
  await shop.db.query('ALTER TABLE anomaly RENAME TO anomaly_elsewhere');
  await shop.send(ids.map((id) => ({ id, at, value: 900 })));
  await eventually(async () => {
    const depths = await Promise.all([0, 1].map((shard) => shop.queue.depth('samples', shard)));
    expect(depths.map((depth) => depth.delayed)).toEqual([1, 1]);
  });
  await shop.db.query('ALTER TABLE anomaly_elsewhere RENAME TO anomaly');
  await eventually(async () => expect(await incidents('refused')).toMatchObject([{ onset_at: at }]));
});

// Last: it moves the clock for all.
test('silence is an anomaly where the rule says so', async () => {
  const ids = [await shop.series('silent', 'heartbeat', 0), await shop.series('silent', 'heartbeat', 1)];
  await shop.warm(ids);
  await drained();
  await moveClock(shop.db, 45_000);
  const [incident] = await eventually(
    async () => {
      const rows = await incidents('silent');
      expect(rows).toHaveLength(1);
      return rows;
    },
    { timeoutMs: 15_000 },
  );
  expect(incident).toMatchObject({ severity: 'critical', type: 'service_down' });
  expect((await timeline(shop.db, incident!.id))[0]!.event).toMatchObject({
    reason: expect.stringContaining('no data any more: heartbeat') as string,
  });
  const at = await shop.now();
  await shop.send(ids.map((id) => ({ id, at, value: 100 })));
  await eventually(async () => expect((await anomalies('silent')).every((row) => row.ended_at !== null)).toBe(true));
});
