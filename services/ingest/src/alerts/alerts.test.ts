import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { only } from '@nightshift/db';
import { addSilence, endSilence, step } from '@nightshift/lifecycle';
import { migrateQueue } from '@nightshift/queue';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';

describe('alerts of others', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  let folder: string;
  const ownRules = `schema: 1
rules:
  - { id: batch-may-fail, type: resource_exhaustion, alerts: [quota], labels: { tier: batch } }
`;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    folder = await mkdtemp(join(tmpdir(), 'nightshift-alerts-'));
    await writeFile(join(folder, 'classification.yaml'), ownRules);
    const env = { NIGHTSHIFT_CONFIG_DIR: folder };
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url, env });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
    await rm(folder, { recursive: true });
  });

  const iso = (agoMs = 0) => new Date(Date.now() - agoMs).toISOString();
  const never = '0001-01-01T00:00:00Z';
  const firing = (service: string, change: object = {}) => ({
    status: 'firing',
    labels: { alertname: 'HighErrorRate', service, severity: 'critical' },
    annotations: { summary: 'one request in five fails' },
    startsAt: '2026-01-01T00:00:00.123456789Z',
    endsAt: never,
    fingerprint: 'c0ffee',
    generatorURL: 'http://prometheus/graph',
    ...change,
  });
  const webhook = (alerts: object[], version = '4') => ({
    version,
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'nightshift',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager',
    alerts,
  });
  const tell = async (alerts: object[]) => {
    const answer = await ingest.post('/v1/alerts/alertmanager', webhook(alerts));
    return [answer.status, answer.body];
  };
  const incidents = (service: string) =>
    database.db.query<{ id: string; state: string; title: string; type: string; severity: string }>(
      'SELECT id, state, title, type, severity FROM incident WHERE service = $1 ORDER BY opened_at',
      [service],
    );
  const timeline = async (id: string) =>
    (
      await database.db.query<{ kind: string }>(
        `SELECT event->>'kind' AS kind FROM event WHERE incident_id = $1 ORDER BY seq`,
        [id],
      )
    ).map(({ kind }) => kind);

  it('open one incident per service, however often they are told; later ones join it', async () => {
    expect(await tell([firing('shop')])).toEqual([200, { opened: 1 }]);
    expect(await tell([firing('shop')])).toEqual([200, { repeated: 1 }]);
    const slow = firing('shop', { labels: { alertname: 'Slow', service: 'shop' } });
    expect(await tell([firing('shop'), slow])).toEqual([200, { repeated: 1, joined: 1 }]);
    const [incident, ...others] = await incidents('shop');
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      state: 'diagnosing',
      title: 'shop: HighErrorRate',
      type: 'high_error_rate',
      severity: 'critical',
    });
    expect(await timeline(incident!.id)).toEqual(['opened', 'anomaly_joined', 'note']);
  });

  it('are classified by the rules in force, with their reasons on the timeline; what joins may say more', async () => {
    const alert = (alertname: string, more = {}) =>
      firing('tiers', { labels: { alertname, service: 'tiers', severity: 'critical', ...more } });
    await tell([alert('Odd')]);
    await tell([alert('QuotaGone', { tier: 'batch' })]);
    const { id, type } = only(await incidents('tiers'));
    expect(type).toBe('resource_exhaustion');
    await tell([alert('PodsDown')]); // that rule still fits, and comes first
    const told = await database.db.query<{ event: object }>(
      `SELECT event FROM event WHERE incident_id = $1 AND event->>'kind' <> 'note' ORDER BY seq`,
      [id],
    );
    expect(told.map(({ event }) => event)).toMatchObject([
      { kind: 'opened', type: 'unknown', rule: null, conditions: [] },
      {
        kind: 'anomaly_joined',
        type: 'resource_exhaustion',
        rule: 'batch-may-fail',
        conditions: [
          { condition: 'an alert called quota', actual: 'QuotaGone', holds: true },
          { condition: 'label tier=batch', actual: 'batch', holds: true },
        ],
      },
      { kind: 'anomaly_joined', metric: 'PodsDown' },
    ]);
    expect(told[2]!.event).not.toHaveProperty('type');
  });

  it('are the same alert through each door', async () => {
    expect(await tell([firing('doors')])).toEqual([200, { opened: 1 }]);
    const grafana = await ingest.post('/v1/alerts/grafana', {
      ...webhook([firing('doors', { values: { A: 1 } })], '1'),
      orgId: 1,
      title: '[FIRING]',
    });
    expect([grafana.status, grafana.body]).toEqual([200, { repeated: 1 }]);
    const { status: _, ...posted } = firing('doors', { endsAt: iso(-240_000) });
    expect((await ingest.post('/api/v2/alerts', [posted])).body).toEqual({ repeated: 1 });
  });

  it('open one incident when many senders tell at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        tell([firing('crowd', { labels: { alertname: `A${i}`, service: 'crowd' } })]),
      ),
    );
    expect(answers.filter(([, body]) => (body as { opened?: number }).opened === 1)).toHaveLength(1);
    expect(await incidents('crowd')).toHaveLength(1);
  });

  it('belong to the service of the label `service`, else `job`', async () => {
    await tell([firing('', { labels: { alertname: 'TargetDown', job: 'node' } })]);
    expect(await incidents('node')).toMatchObject([
      { title: 'node: TargetDown', type: 'service_down', severity: 'warning' },
    ]);
  });

  it('are written down when resolved; the last one of an escalated incident ends it', async () => {
    const second = firing('healed', { labels: { alertname: 'Second', service: 'healed' } });
    await tell([firing('healed'), second]);
    const { id } = only(await incidents('healed'));
    await step(database.db, id, { kind: 'diagnosed', results: [] }, { actor: 'test' });
    await step(database.db, id, { kind: 'no_runbook', reason: 'none', considered: [] }, { actor: 'test' });
    const over = (alert: object) => ({ ...alert, status: 'resolved', endsAt: iso() });
    expect(await tell([over(firing('healed'))])).toEqual([200, { resolved: 1 }]);
    expect(await incidents('healed')).toMatchObject([{ state: 'escalated' }]);
    expect(await tell([over(firing('healed'))])).toEqual([200, { unknown: 1 }]);
    expect(await tell([firing('healed')])).toEqual([200, { repeated: 1 }]); // a late copy of what is over
    expect(await tell([over(second)])).toEqual([200, { resolved: 1 }]);
    expect(await incidents('healed')).toMatchObject([{ state: 'resolved' }]);
    expect((await timeline(id)).slice(-2)).toEqual(['note', 'recovered']);
    expect(
      await database.db.query('SELECT count(*) FROM alert WHERE incident_id = $1 AND ended_at IS NOT NULL', [id]),
    ).toEqual([{ count: 2 }]);
  });

  it('that ended before the last action prove nothing', async () => {
    await tell([firing('acted')]);
    const { id } = only(await incidents('acted'));
    await step(database.db, id, { kind: 'diagnosed', results: [] }, { actor: 'test' });
    await step(database.db, id, { kind: 'no_runbook', reason: 'none', considered: [] }, { actor: 'test' });
    await tell([{ ...firing('acted'), status: 'resolved', endsAt: iso(3_600_000) }]);
    expect(await incidents('acted')).toMatchObject([{ state: 'escalated' }]);
  });

  it('fire again with another start', async () => {
    await tell([firing('again')]);
    await tell([{ ...firing('again'), status: 'resolved', endsAt: iso() }]);
    expect(await tell([firing('again', { startsAt: iso() })])).toEqual([200, { joined: 1 }]);
  });

  it('are held by a silence, and enter when it ends if they fire still', async () => {
    const silence = await addSilence(
      database.db,
      { service: 'held', labels: { severity: 'crit*' }, endsAt: Date.now() + 3_600_000, reason: 'upgrade' },
      'Ada',
    );
    expect(await tell([firing('held'), firing('held', { labels: { alertname: 'Mild', service: 'held' } })])).toEqual([
      200,
      { held: 1, opened: 1 },
    ]);
    const alerts = () =>
      database.db.query<{ name: string; incident_id: string | null }>(
        `SELECT name, incident_id FROM alert WHERE service = 'held' ORDER BY name`,
      );
    expect(await alerts()).toMatchObject([{ incident_id: null }, { name: 'Mild' }]);
    const told = await database.db.query(
      `SELECT because FROM why_not WHERE service = 'held' AND metric = 'HighErrorRate'`,
    );
    expect(told).toEqual([{ because: 'silenced' }]);
    await endSilence(database.db, silence.id, 'Ada');
    await eventually(async () => {
      const [held, mild] = await alerts();
      expect(held!.incident_id).toBe(mild!.incident_id);
    });
  });

  it('open nothing when a person called them a false positive', async () => {
    await tell([firing('noisy')]);
    const { id } = only(await incidents('noisy'));
    await step(database.db, id, { kind: 'marked_false_positive', by: 'ada', reason: '' }, { actor: 'ada' });
    expect(await tell([firing('noisy', { labels: { alertname: 'Other', service: 'noisy' } })])).toEqual([
      200,
      { suppressed: 1 },
    ]);
    expect(await incidents('noisy')).toHaveLength(1);
  });

  it('mean nothing without a name, with labels that cannot be kept, or told for information', async () => {
    const odd = (labels: object) => firing('odd', { labels: { service: 'odd', ...labels } });
    const alerts = [
      odd({}),
      odd({ alertname: 'a', x: 'y'.repeat(2_000) }),
      odd({ alertname: 'Watchdog', severity: 'none' }),
    ];
    expect(await tell(alerts)).toEqual([200, { no_name: 1, bad_labels: 1, not_severe: 1 }]);
    expect(await incidents('odd')).toEqual([]);
    expect((await ingest.get('/metrics')).text).toMatch(
      /nightshift_ingest_alerts_total\{outcome="not_severe",[^}]*\} 1/,
    );
  });

  it.each<[string, string, unknown]>([
    ['of another version', '/v1/alerts/alertmanager', { ...webhook([]), version: '3' }],
    ['without alerts', '/v1/alerts/grafana', { version: '1' }],
    ['that are no list', '/api/v2/alerts', {}],
    ['at no time', '/api/v2/alerts', [{ labels: { alertname: 'a' }, startsAt: 'yesterday' }]],
    ['with numbers for labels', '/api/v2/alerts', [{ labels: { alertname: 7 } }]],
  ])('are refused %s', async (_name, path, body) => {
    const answer = await ingest.post(path, body);
    expect([answer.status, answer.body.error?.code]).toEqual([400, 'BODY_INVALID']);
  });

  it('keep text that Postgres cannot keep out of it', async () => {
    await tell([firing('text', { annotations: { summary: 'a\0b\ud800c' } })]);
    expect(await database.db.query(`SELECT summary FROM alert WHERE service = 'text'`)).toEqual([{ summary: 'abc' }]);
  });

  it.each(['/v1/alerts/alertmanager', '/v1/alerts/grafana', '/api/v2/alerts'])('want a token: %s', async (path) => {
    expect((await ingest.post(path, [], { authorization: '' })).status).toBe(401);
  });
});
