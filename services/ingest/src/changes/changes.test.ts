import { createHmac } from 'node:crypto';
import { migrateQueue } from '@nightshift/queue';
import { testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documented } from '../docs.fixture.ts';
import { startTestIngest, type TestIngest } from '../ingest.fixture.ts';

const secret = 'a secret of GitHub and us';
const nextSecret = 'the secret that follows it';

describe('changes that others tell of', () => {
  let database: TestDatabase;
  let ingest: TestIngest;
  beforeAll(async () => {
    database = await testDatabase();
    await migrateQueue(database.url);
    ingest = await startTestIngest({
      db: database.db,
      databaseUrl: database.url,
      env: { INGEST_GITHUB_SECRETS: `${secret},${nextSecret}` },
    });
  });
  afterAll(async () => {
    await ingest.close();
    await database.close();
  });
  const deployments = (service: string) =>
    database.db.query(
      `SELECT version, previous_version AS "previousVersion", deployed_at AS "deployedAt", by, url
         FROM deployment WHERE service = $1 ORDER BY deployed_at`,
      [service],
    );
  const at = Date.parse('2026-11-20T10:00:00Z');

  describe('as GitHub signs and sends them', () => {
    const event = (change: { deployment?: object; status?: object } = {}) => ({
      action: 'created',
      deployment_status: {
        id: 1,
        state: 'success',
        created_at: '2026-11-20T10:00:00Z',
        log_url: 'https://github.com/acme/checkout/actions/runs/7',
        target_url: '',
        ...change.status,
      },
      deployment: {
        id: 4_242,
        sha: 'a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d',
        ref: 'main',
        environment: 'production',
        production_environment: true,
        payload: {},
        creator: { login: 'ada' },
        ...change.deployment,
      },
      repository: { id: 9, name: 'checkout', full_name: 'acme/checkout' },
      sender: { login: 'ada' },
    });
    const send = async (body: object | string, change: { query?: string; headers?: object; key?: string } = {}) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const mac = createHmac('sha256', change.key ?? secret)
        .update(text)
        .digest('hex');
      const response = await fetch(`${ingest.url}/v1/changes/github${change.query ?? ''}`, {
        method: 'POST',
        body: text,
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'deployment_status',
          'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
          'x-hub-signature-256': `sha256=${mac}`,
          ...change.headers,
        },
      });
      return [response.status, (await response.json()) as { outcome?: string; error?: { code: string } }] as const;
    };
    const kept = {
      version: 'a84d88e7554fc1fa21bcbc4efae3c782a70d2b9d',
      previousVersion: null,
      deployedAt: at,
      by: 'ada',
      url: 'https://github.com/acme/checkout/actions/runs/7',
    };

    it('are one from the moment they are under way, however many states and deliveries follow', async () => {
      const under = event({ status: { state: 'in_progress' } });
      expect(await send(under)).toMatchObject([202, { outcome: 'recorded' }]);
      expect(await send(under)).toMatchObject([202, { outcome: 'repeated' }]);
      const done = event({ status: { created_at: '2026-11-20T10:04:00Z' } });
      expect(await send(done, { key: nextSecret })).toMatchObject([202, { outcome: 'repeated' }]);
      expect(await deployments('checkout')).toEqual([kept]);
    });

    it('name service and versions in their payload, or the service in the address', async () => {
      const own = { service: 'payments', version: 'v42', previousVersion: 'v41' };
      await send(event({ deployment: { id: 1, payload: own } }));
      await send(event({ deployment: { id: 2, payload: JSON.stringify({ version: 'v43' }) } }), {
        query: '?service=payments&environment=eu,live',
      });
      await send(event({ deployment: { id: 3, environment: 'eu', payload: 'not JSON' } }), {
        query: '?service=payments&environment=eu,live',
      });
      expect(await deployments('payments')).toEqual([
        { ...kept, version: 'v42', previousVersion: 'v41' },
        expect.objectContaining({ version: kept.version }),
      ]);
    });

    it.each([
      ['of another environment', event({ deployment: { environment: 'staging', production_environment: false } }), {}],
      ['that only wait', event({ status: { state: 'queued' } }), {}],
      ['that failed', event({ status: { state: 'failure' } }), {}],
      ['of another kind', { zen: 'Design for failure.' }, { headers: { 'x-github-event': 'ping' } }],
    ])('mean nothing %s', async (_name, body, change) => {
      const before = await deployments('checkout');
      const [status, answer] = await send(body, change);
      expect([status, Object.keys(answer)]).toEqual([202, ['ignored']]);
      expect(await deployments('checkout')).toEqual(before);
    });

    it.each<[string, object | string, object, number]>([
      [
        'with another body than was signed',
        event(),
        { headers: { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` } },
        401,
      ],
      ['signed with another secret', event(), { key: 'a secret of somebody else' }, 401],
      ['with a signature cut short', event(), { headers: { 'x-hub-signature-256': 'sha256=ab' } }, 401],
      [
        'with the old SHA-1 alone',
        event(),
        { headers: { 'x-hub-signature-256': '', 'x-hub-signature': 'sha1=ab' } },
        401,
      ],
      ['with fields missing', { deployment: {} }, {}, 400],
      ['that are no JSON', 'payload=%7B%7D', {}, 400],
      ['as a form', event(), { headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
      ['of no one service', event({ deployment: { id: 5 } }), { query: '?service=*' }, 400],
    ])('are refused %s', async (_name, body, change, status) => {
      const before = await deployments('checkout');
      expect((await send(body, change))[0]).toBe(status);
      expect(await deployments('checkout')).toEqual(before);
    });

    it('are refused where no secret is set up', async () => {
      const other = await startTestIngest({ db: database.db, databaseUrl: database.url });
      const answer = await other.post('/v1/changes/github', event(), { 'x-hub-signature-256': 'sha256=' });
      expect([answer.status, answer.body.error?.message]).toEqual([
        401,
        expect.stringContaining('INGEST_GITHUB_SECRETS') as string,
      ]);
      await other.close();
    });
  });

  describe("as the documented template makes Argo CD's notifications send them", () => {
    /** As Go's templates do with the values of an application. */
    const rendered = (template: string, values: Record<string, string>) =>
      template.replaceAll(/\{\{\s*\.([\w.]+)\s*\}\}/g, (_all, path: string) => values[path] ?? '<no value>');
    const values = {
      'app.metadata.name': 'basket',
      'app.status.operationState.syncResult.revision': '8f4b1c0',
      'app.status.operationState.startedAt': '2026-11-20T10:00:00Z',
      'context.argocdUrl': 'https://argocd.example',
    };
    const send = (change: object = {}) => {
      const template = /^ {8}body: \|\n((?: {10}.*\n)+)/m.exec(documented('Argo CD', ingest))![1]!;
      return ingest.post('/v1/changes/argocd', rendered(template, { ...values, ...change }));
    };

    it('are one per sync', async () => {
      expect((await send()).body).toMatchObject({ outcome: 'recorded' });
      expect((await send()).body).toMatchObject({ outcome: 'repeated' });
      expect(await deployments('basket')).toEqual([
        {
          version: '8f4b1c0',
          previousVersion: null,
          deployedAt: at,
          by: 'Argo CD',
          url: 'https://argocd.example/applications/basket',
        },
      ]);
    });

    it('are refused with the field that is wrong', async () => {
      const answer = await send({ 'app.status.operationState.startedAt': '<no value>' });
      expect([answer.status, answer.body.error?.message]).toEqual([400, expect.stringMatching(/^startedAt/) as string]);
      expect((await ingest.post('/v1/changes/argocd', {}, { authorization: '' })).status).toBe(401);
    });
  });

  describe("as PagerDuty's change events", () => {
    const send = async (change: object, payload: object = {}) => {
      const response = await fetch(`${ingest.url}/v2/change/enqueue`, {
        method: 'POST',
        body: JSON.stringify({
          routing_key: ingest.secret,
          payload: {
            summary: 'Build 73 of store',
            source: 'store',
            timestamp: '2026-11-20T10:00:00.000+0000',
            ...payload,
          },
          links: [{ href: 'https://ci.example/73', text: 'the build' }],
          ...change,
        }),
      });
      return [response.status, await response.json()];
    };

    it('are recorded once, under their summary where they name no version', async () => {
      const taken = { status: 'success', message: 'Change event processed' };
      expect(await send({})).toEqual([202, taken]);
      expect(await send({}, { timestamp: '2026-11-20T11:00:00+01:00' })).toEqual([202, taken]);
      const kept = {
        version: 'Build 73 of store',
        previousVersion: null,
        deployedAt: at,
        by: null,
        url: 'https://ci.example/73',
      };
      expect(await deployments('store')).toEqual([kept]);
      await send({}, { custom_details: { service: 'till', version: 'v7', previous_version: 'v6', author: 'ada' } });
      expect(await deployments('till')).toEqual([{ ...kept, version: 'v7', previousVersion: 'v6', by: 'ada' }]);
    });

    it('without a time are one when told again at once, and another after something else was deployed', async () => {
      const now = (version: string) =>
        send({}, { source: 'clockless', timestamp: undefined, custom_details: { version } });
      for (const version of ['v1', 'v1', 'v2', 'v1', 'v1']) expect((await now(version))[0]).toBe(202);
      expect((await deployments('clockless')).map(({ version }) => version)).toEqual(['v1', 'v2', 'v1']);
    });

    it.each([
      [{ routing_key: 'x' }, {}, 401],
      [{ payload: undefined }, {}, 400],
      [{}, { summary: '' }, 400],
      [{}, { source: 'all of *' }, 400],
      [{}, { timestamp: 'today' }, 400],
      [{}, { timestamp: '2066-01-01T00:00:00Z' }, 400],
    ])('are refused: %j %j', async (change, payload, status) => {
      expect((await send(change, payload))[0]).toBe(status);
    });
  });
});
