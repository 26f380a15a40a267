import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateQueue } from '@nightshift/queue';
import { parseYaml } from '@nightshift/runtime';
import { eventually, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documented } from '../docs.fixture.ts';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';
import { Mapping, meaningOf } from './mapping.ts';

describe('POST /v1/hooks/NAME', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  let folder: string;
  const map = (name: string, yaml: string) => writeFile(join(folder, 'webhooks', `${name}.yaml`), yaml);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nightshift-webhooks-'));
    await mkdir(join(folder, 'webhooks'));
    database = await testDatabase();
    await migrateQueue(database.url);
    const env = { NIGHTSHIFT_CONFIG_DIR: folder };
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url, env });
    await map('monitor', documented('Any other webhook', ingest));
    await map(
      'deploys',
      'items: $.events\nonly: { path: "@.kind", is: [deploy] }\nchange: { service: "@.app", version: "@[\'new version\']", id: "@.id", by: $.sender }\n',
    );
    await ready('monitor');
    await ready('deploys');
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
    await rm(folder, { recursive: true });
  });
  const post = (name: string, body: unknown, headers?: Record<string, string>) =>
    ingest.post(`/v1/hooks/${name}`, body, headers);
  const ready = (name: string) => eventually(async () => expect((await post(name, {})).status).toBe(400));
  const down = {
    monitor: { name: 'checkout', tags: ['shop'] },
    state: 'down',
    since: 1_732_400_000,
    detail: 'no answer',
  };
  const alerts = (service: string) =>
    database.db.query(
      `SELECT name, severity, summary, started_at AS "startedAt", ended_at IS NOT NULL AS over FROM alert WHERE service = $1`,
      [service],
    );

  it('reads an alert as the documented file says, and its end', async () => {
    expect((await post('monitor', down)).body).toEqual({ opened: 1 });
    expect((await post('monitor', down)).body).toEqual({ repeated: 1 });
    const kept = {
      name: 'checkout',
      severity: 'critical',
      summary: 'no answer',
      startedAt: 1_732_400_000_000,
      over: false,
    };
    expect(await alerts('shop')).toEqual([kept]);
    expect((await post('monitor', { ...down, state: 'up', detail: undefined })).body).toEqual({ resolved: 1 });
    expect(await alerts('shop')).toEqual([{ ...kept, over: true }]);
    expect((await post('monitor', { ...down, monitor: { name: 'api' } })).body).toEqual({ opened: 1 });
    expect(await alerts('web')).toHaveLength(1);
  });

  it('takes its token as the password of an address, as senders without headers can', async () => {
    const authorization = `Basic ${Buffer.from(`nightshift:${ingest.secret}`).toString('base64')}`;
    expect((await post('monitor', down, { authorization })).status).toBe(202);
    expect((await post('monitor', down, { authorization: '' })).status).toBe(401);
  });

  it('reads each item of a list, leaves others alone, and names those that do not fit', async () => {
    const deploy = { kind: 'deploy', app: 'till', 'new version': 'v7', id: 7 };
    const answer = await post('deploys', {
      sender: 'ada',
      events: [deploy, deploy, { kind: 'build' }, { ...deploy, app: 'a b', id: 8 }, { kind: 'deploy', app: 'x' }, 7],
    });
    expect([answer.status, answer.body]).toEqual([
      202,
      {
        recorded: 1,
        repeated: 1,
        ignored_only: 2,
        rejected: [
          { index: 3, message: expect.stringMatching(/^service: must name exactly one thing.*"a b"/) as string },
          { index: 4, message: "change.version: there is no text or number at @['new version']" },
        ],
        rejectedTotal: 2,
      },
    ]);
    expect((await ingest.get('/metrics')).text).toMatch(/ingest_alerts_total\{outcome="invalid",[^}]*\} \d/);
    expect(await database.db.query(`SELECT version, by FROM deployment WHERE service = 'till'`)).toEqual([
      { version: 'v7', by: 'ada' },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'a state that the map does not know',
      { ...down, state: 'purple' },
      /alert\.status: \$\.state is "purple", the map knows down, up/,
    ],
    ['no name', { state: 'down' }, /alert\.name: there is no text or number at \$\.monitor\.name/],
    ['an object for a text', { ...down, monitor: { name: { a: 1 } } }, /alert\.name/],
    ['a time that is none', { ...down, since: 'yesterday' }, /alert\.startedAt: "yesterday" is neither/],
    ['an inherited property', { ...down, monitor: [] }, /alert\.name/],
    ['a list', [down], /alert\.name/],
  ])('refuses %s, with the field of the mapping', async (_name, body, message) => {
    const answer = await post('monitor', body);
    expect([answer.status, answer.body.error?.message]).toEqual([400, expect.stringMatching(message) as string]);
  });

  it('keeps the last good file in force while a broken edit is there, and takes the next good one', async () => {
    await map('edited', 'alert: { name: $.first }');
    await ready('edited');
    await map('edited', 'alert: { name: $..first }');
    await map('broken', 'alert:\n  name: $.a\n  severty: critical\n');
    await eventually(async () => {
      const answer = await post('broken', {});
      expect([answer.status, answer.body.error?.message]).toEqual([
        404,
        expect.stringMatching(/broken\.yaml:3:3 alert\.severty: is not a known field/) as string,
      ]);
    });
    expect((await post('edited', { first: 'old' })).body).toEqual({ opened: 1 });
    await map('edited', 'alert: { name: $.second }');
    await eventually(async () => expect((await post('edited', { second: 'new' })).status).toBe(202));
    expect((await post('nobody', {})).body.error?.message).toBe('there is no webhook "nobody"');
  });
});

describe('a mapping', () => {
  const problems = (yaml: string) => {
    const loaded = parseYaml('webhooks/a.yaml', yaml, Mapping);
    return loaded.ok ? [] : loaded.problems.map(({ line, field, message }) => `${line} ${field}: ${message}`);
  };
  it.each<[string, RegExp]>([
    ['alert:\n  name: $.a[?(@.b)]', /^2 alert\.name\S*: .*is no path/],
    [`alert:\n  name: $${'.a'.repeat(17)}`, /is no path/],
    [`alert:\n  name: $.${'a'.repeat(300)}`, /256/],
    ['alert:\n  name: { default: x }', /^2 alert\.name: needs either a path or a text/],
    ['alert: { name: a }\nchange: { service: a, version: b }', /needs either alert or change/],
    ['items: events\nalert: { name: a }', /^1 items: "events" is no path/],
    ['alert:\n  name: a\n  labels: [b]', /^3 alert\.labels/],
  ])('%s is refused with line and field', (yaml, message) => {
    expect(problems(yaml)).toEqual([expect.stringMatching(message) as string]);
  });

  it('finds nothing that a document does not hold itself, and keeps labels called as what objects inherit', () => {
    const loaded = parseYaml(
      'a.yaml',
      'alert: { name: x, labels: { constructor: $.constructor.name, toString: $.s } }',
      Mapping,
    );
    if (!loaded.ok) throw new Error('refused');
    expect(meaningOf(loaded.value, 'a', { s: 'kept' }, undefined)).toMatchObject({
      alert: { labels: { alertname: 'x', toString: 'kept' } },
    });
    expect(
      Object.keys((meaningOf(loaded.value, 'a', {}, undefined) as { alert: { labels: object } }).alert.labels),
    ).toEqual(['alertname']);
  });
});
