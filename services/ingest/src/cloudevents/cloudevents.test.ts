import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { CloudEvent, emitterFor, httpTransport, HTTP, Mode, type Message } from 'cloudevents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestIngest, type Answer, type TestIngest } from '../ingest.fixture.ts';

describe('CloudEvents from their own SDK', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({ db: database.db, databaseUrl: database.url });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
  });
  const time = '2026-11-20T10:00:00.000Z';
  const alert = (service: string, data: object = {}, change: object = {}) =>
    new CloudEvent({
      source: '/watchdog',
      type: 'dev.nightshift.alert',
      time,
      data: { name: 'DiskFull', service, severity: 'critical', summary: '97 percent used', ...data },
      ...change,
    });
  const deployed = (type: string, content: object, change: object = {}) =>
    new CloudEvent({
      source: '/ci',
      type: `dev.cdevents.${type}.0.2.0`,
      time,
      data: { context: { id: '1' }, subject: { id: 'basket', type: 'service', content } },
      ...change,
    });
  const post = (message: Message, query = '') =>
    ingest.post(`/v1/cloudevents${query}`, message.body as string, message.headers as Record<string, string>);
  const send = async (event: CloudEvent<unknown>, query?: string) =>
    (await post(HTTP.structured(event) as Message, query)).body;
  const batch = (events: unknown[]) =>
    post({ body: JSON.stringify(events), headers: { 'content-type': 'application/cloudevents-batch+json' } });
  const alerts = (service: string) =>
    database.db.query(
      `SELECT name, severity, summary, started_at AS "startedAt", ended_at IS NOT NULL AS over FROM alert WHERE service = $1 ORDER BY id`,
      [service],
    );
  const deployments = (service: string) =>
    database.db.query(
      `SELECT version, deployed_at AS "deployedAt" FROM deployment WHERE service = $1 ORDER BY deployed_at, version`,
      [service],
    );
  const kept = {
    name: 'DiskFull',
    severity: 'critical',
    summary: '97 percent used',
    startedAt: Date.parse(time),
    over: false,
  };

  it.each([
    ['structured', Mode.STRUCTURED],
    ['binary', Mode.BINARY],
  ])('are alerts in %s mode, emitted as the SDK emits; again, they change nothing', async (service, mode) => {
    const emit = emitterFor(httpTransport(ingest.url + '/v1/cloudevents'), { mode });
    const headers = { authorization: `Bearer ${ingest.secret}` };
    const event = alert(service, { summary: '97 percent used' }, { subject: 'größe', ext1: 'a b' });
    for (const _ of [1, 2]) await emit(event, { headers });
    expect(await alerts(service)).toEqual([kept]);
    await emit(alert(service, { status: 'resolved' }), { headers });
    expect(await alerts(service)).toEqual([{ ...kept, over: true }]);
  });

  it('come in batches, the bad ones named', async () => {
    const answer = await batch([
      alert('batch'),
      { specversion: '0.3' },
      alert('batch', { name: '' }),
      alert('batch', { severity: 'info' }),
    ]);
    expect([answer.status, answer.body]).toEqual([
      202,
      {
        opened: 1,
        not_severe: 1,
        rejected: [
          { index: 1, message: expect.stringContaining('specversion') as string },
          { index: 2, message: expect.stringContaining('data.name') as string },
        ],
        rejectedTotal: 2,
      },
    ]);
  });

  it('are the same alert as through the door of Alertmanager', async () => {
    expect(await send(alert('doors'))).toEqual({ opened: 1 });
    const labels = { alertname: 'DiskFull', service: 'doors', severity: 'critical' };
    const answer = await ingest.post('/api/v2/alerts', [{ labels, startsAt: '2026-11-20T10:00:00Z' }]);
    expect(answer.body).toEqual({ repeated: 1 });
  });

  it('take data as base64, and the subject for the service', async () => {
    const { data, ...others } = alert('', { service: undefined }, { subject: 'encoded' }).toJSON() as Record<
      string,
      unknown
    >;
    const encoded = Buffer.from(JSON.stringify(data)).toString('base64');
    expect((await batch([{ ...others, data_base64: encoded, datacontenttype: 'application/json' }])).body).toEqual({
      opened: 1,
    });
    expect(await alerts('encoded')).toEqual([kept]);
  });

  it('are changes, once each', async () => {
    const event = new CloudEvent({
      source: '/ci',
      type: 'dev.nightshift.deployment',
      time,
      subject: 'till',
      data: { version: 'v42', previousVersion: 'v41', by: 'ada' },
    });
    expect(await send(event)).toEqual({ recorded: 1 });
    expect(await send(event)).toEqual({ repeated: 1 });
    expect(await deployments('till')).toEqual([{ version: 'v42', deployedAt: Date.parse(time) }]);
  });

  it('are changes of CDEvents: the version is the tag of the artifact, else its version', async () => {
    const sent = [
      deployed('service.deployed', { artifactId: 'pkg:oci/basket@sha256%3Aabc?tag=v7' }, { id: 'a' }),
      deployed('service.upgraded', { artifactId: 'pkg:oci/basket@sha256%3Aabd' }, { id: 'b' }),
      deployed('service.rolledback', { environment: { id: 'live' }, artifactId: 'pkg:oci/basket@v6' }, { id: 'c' }),
      deployed('service.deployed', { environment: { id: 'staging' }, artifactId: 'pkg:oci/basket@v9' }, { id: 'd' }),
      deployed('service.removed', {}, { id: 'e' }),
      deployed('pipelinerun.started', {}, { id: 'f' }),
    ];
    const answers: unknown[] = [];
    for (const event of [...sent, sent[0]!]) answers.push(await send(event, '?environment=live,eu'));
    expect(answers).toEqual([
      { recorded: 1 },
      { recorded: 1 },
      { recorded: 1 },
      { ignored_environment: 1 },
      { ignored_type: 1 },
      { ignored_type: 1 },
      { repeated: 1 },
    ]);
    expect((await deployments('basket')).map(({ version }) => version)).toEqual(
      ['sha256:abc', 'v6', 'v7'].toSorted().map((v) => (v === 'sha256:abc' ? 'sha256:abd' : v)),
    );
  });

  it('are incidents of CDEvents from detected to resolved', async () => {
    const incident = (predicate: string) =>
      deployed(
        `incident.${predicate}`,
        { description: 'nobody can pay', service: { id: 'payments' } },
        { source: '/pager' },
      );
    expect(await send(incident('detected'))).toEqual({ opened: 1 });
    expect(await send(incident('reported'))).toEqual({ repeated: 1 });
    expect(await send(incident('resolved'))).toEqual({ resolved: 1 });
    expect(await send(incident('resolved'))).toEqual({ unknown: 1 });
    expect(await alerts('payments')).toMatchObject([{ summary: 'nobody can pay', over: true }]);
  });

  const structured = { 'content-type': 'application/cloudevents+json' };
  const binary = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': 'dev.nightshift.alert' };
  it.each<[string, string, Record<string, string>, number, RegExp]>([
    ['no event', '{}', {}, 415, /cloudevents\+json/],
    ['an event in Avro', 'x', { 'content-type': 'application/cloudevents+avro' }, 415, /as JSON/],
    ['no JSON', '{', structured, 400, /not JSON/],
    ['nothing', 'null', structured, 400, /item 0/],
    ['an attribute missing', '{"specversion":"1.0","id":"1","type":"t"}', structured, 400, /item 0: source/],
    ['data that are none', '{"name":7}', binary, 400, /data\.name/],
    ['data that are no JSON', 'disk', { ...binary, 'content-type': 'text/plain' }, 400, /data/],
    ['a header that is no percent-encoding', '{}', { ...binary, 'ce-subject': '%zz' }, 400, /%zz/],
    ['a batch that is no list', '{}', { 'content-type': 'application/cloudevents-batch+json' }, 400, /list/],
    [
      'too many',
      `[${'1,'.repeat(1_000)}1]`,
      { 'content-type': 'application/cloudevents-batch+json' },
      413,
      /1001 events/,
    ],
    ['no token', '{}', { ...structured, authorization: '' }, 401, /Authorization/],
  ])('are refused: %s', async (_name, body, headers, status, message) => {
    const answer = await ingest.post('/v1/cloudevents', body, headers);
    expect([answer.status, (answer.body as Answer).error?.message]).toEqual([
      status,
      expect.stringMatching(message) as string,
    ]);
  });
});
