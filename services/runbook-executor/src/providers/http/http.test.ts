import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Catalogue, type ActionParams, type ActionType, type PlannedAction, type Target } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../testing/control-api.ts';
import { httpProvider } from './http.ts';

type Answering = { status: number; headers?: Record<string, string>; body?: object };
/** What the result of something accepted answers, in turn; the last one again and again. */
let results: Answering[] = [];
type Got = { path: string; headers: IncomingHttpHeaders; body: string };
const got: Got[] = [];
let status = 200;
let location = '';
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push({ path: request.url!, headers: request.headers, body });
      const result = request.method === 'GET' && (results.length > 1 ? results.shift() : results[0]);
      if (result) return response.writeHead(result.status, result.headers).end(JSON.stringify(result.body ?? {}));
      return response.writeHead(status, location === '' ? {} : { location }).end('noted');
    });
  });
  await listen(server);
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/`;
});
afterAll(() => close(server));

const secret = `whsec_${Buffer.from('a secret of the receiver').toString('base64')}`;
function targetWith(more: object = {}) {
  const entry = {
    id: 'temp-files',
    kind: 'http',
    urlEnv: 'HOOK_URL',
    path: '/clean',
    secretEnv: 'HOOK_SECRET',
    allowPrivate: true,
    actions: ['clear_cache'],
    ...more,
  };
  const parsed = Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets: [entry] }] });
  return parsed.services[0]!.targets[0] as Extract<Target, { kind: 'http' }>;
}
const plan = (
  type: ActionType,
  params: ActionParams = {},
  target = targetWith(),
  env: Record<string, string> = { HOOK_URL: url, HOOK_SECRET: secret },
) => httpProvider.plan({ target, type, params, rollback: null, env, signal: AbortSignal.timeout(5_000) });
async function send(type: ActionType, params: ActionParams = {}, target = targetWith(), timeoutMs = 5_000) {
  const result = await plan(type, params, target);
  if (!result.ok) throw new Error(result.reason);
  const action: PlannedAction = {
    step: 0,
    type,
    target: target.id,
    provider: 'http',
    timeoutMs: 1_000,
    maxRetries: 0,
    ...result.call,
  };
  return httpProvider.send({
    target,
    key: 'act-1',
    incidentId: 'inc-1',
    action,
    env: { HOOK_URL: url, HOOK_SECRET: secret },
    signal: AbortSignal.timeout(timeoutMs),
  });
}

describe('a hook', () => {
  it('gets the whole action, signed, under one key', async () => {
    status = 200;
    expect(await send('clear_cache', { olderThanDays: 3 })).toEqual({
      outcome: 'succeeded',
      detail: 'answered 200: noted',
    });
    const { path, headers, body } = got.at(-1)!;
    expect(path).toBe('/hooks/clean');
    expect(headers['idempotency-key']).toBe('act-1');
    expect(JSON.parse(body)).toEqual({
      id: 'act-1',
      action: 'clear_cache',
      target: 'temp-files',
      params: { olderThanDays: 3 },
      precondition: {},
      incident: 'inc-1',
    });
    const signed = `${headers['webhook-id'] as string}.${headers['webhook-timestamp'] as string}.${body}`;
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', 'a secret of the receiver').update(signed).digest('base64')}`,
    );
    expect(Math.abs(Date.now() / 1_000 - Number(headers['webhook-timestamp']))).toBeLessThan(5);
  });

  it('may be called again only where its receiver promised to act once per key', async () => {
    expect(await plan('clear_cache')).toMatchObject({ ok: true, call: { class: 'once' } });
    expect(await plan('clear_cache', {}, targetWith({ idempotent: true }))).toMatchObject({
      ok: true,
      call: { class: 'idempotent' },
    });
  });

  it('has succeeded only with the expected status', async () => {
    status = 202;
    expect(await send('clear_cache')).toMatchObject({ outcome: 'uncertain' });
    expect(await send('clear_cache', {}, targetWith({ expectStatus: 202 }))).toMatchObject({ outcome: 'succeeded' });
    status = 409;
    expect(await send('clear_cache')).toMatchObject({ outcome: 'refused' });
    status = 500;
    expect(await send('clear_cache')).toMatchObject({ outcome: 'failed', again: true });
  });

  it('scales only where the runbook says from where to where, so that additions can be counted', async () => {
    expect(await plan('scale_up', { add: 1 })).toMatchObject({ ok: false });
    expect(await plan('scale_up', { from: 2, replicas: 4 })).toMatchObject({
      ok: true,
      call: { params: { replicas: 4 }, precondition: { replicas: 2 } },
    });
  });

  it('is not called without the secret or address that the catalogue names', async () => {
    expect(await plan('clear_cache', {}, targetWith(), { HOOK_URL: url })).toMatchObject({
      ok: false,
      reason: 'HOOK_SECRET is not set',
    });
    expect(await plan('clear_cache', {}, targetWith(), { HOOK_SECRET: secret })).toMatchObject({
      ok: false,
      reason: 'HOOK_URL is not set',
    });
  });
});

describe('a hook whose result comes later', () => {
  const following = () => targetWith({ followResult: { everySeconds: 0.25 }, idempotent: true });
  const sendAnd = (...answers: Answering[]) => {
    [status, location, results] = [202, '/hooks/results/1', answers];
    got.length = 0;
    return send('clear_cache', {}, following(), 2_000);
  };
  const running: Answering = { status: 200, body: { status: 'Running' }, headers: { 'retry-after': '0' } };

  it('is asked, signed, until it says that it succeeded', async () => {
    const done = { status: 200, body: { status: 'succeeded', freedBytes: 7 } };
    const pauses: Answering[] = [running, { status: 202 }, { status: 503, headers: { 'retry-after': '0' } }];
    expect(await sendAnd(...pauses, done)).toEqual({
      outcome: 'succeeded',
      detail: 'accepted, then succeeded: {"status":"succeeded","freedBytes":7}',
    });
    expect(got.map(({ path }) => path)).toEqual(['/hooks/clean', ...Array<string>(4).fill('/hooks/results/1')]);
    const { headers } = got.at(-1)!;
    const signed = `act-1.${headers['webhook-timestamp'] as string}.`;
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', 'a secret of the receiver').update(signed).digest('base64')}`,
    );
  });

  it('has failed where it says so, in its own words', async () => {
    expect(
      await sendAnd(running, { status: 200, body: { status: 'failed', reason: 'disk is read-only' } }),
    ).toMatchObject({
      outcome: 'failed',
      again: false,
      detail: expect.stringContaining('disk is read-only'),
    });
  });

  it('is uncertain where it never ends, is gone, or cannot be understood', async () => {
    expect(await sendAnd(running)).toEqual({
      outcome: 'uncertain',
      detail: 'accepted, but its result did not come in time',
    });
    expect(await sendAnd({ status: 404 })).toMatchObject({ outcome: 'uncertain' });
    expect(await sendAnd({ status: 302, headers: { location: url } })).toMatchObject({ outcome: 'uncertain' });
    expect(await sendAnd({ status: 200, body: { state: 'fine' } })).toMatchObject({ outcome: 'uncertain' });
    expect(await sendAnd({ status: 200, body: { status: 'exploded' } })).toMatchObject({ outcome: 'uncertain' });
  });

  it('is not asked elsewhere, where its signature would be shown to somebody else', async () => {
    let shown = 0;
    const other = createServer((_request, response) => (shown++, response.end('{"status":"succeeded"}')));
    await listen(other);
    const { port } = other.address() as AddressInfo;
    [status, results] = [202, [running]];
    for (location of [`http://127.0.0.1:${port}/`, 'http://169.254.169.254/latest/meta-data', ''])
      expect(await send('clear_cache', {}, following()), location).toMatchObject({ outcome: 'uncertain' });
    await close(other);
    expect(shown).toBe(0);
  });
});

describe('the address of a hook', () => {
  it('lies in a private network only where the catalogue says so; metadata of clouds never', async () => {
    const env = (at: string) => ({ HOOK_URL: at, HOOK_SECRET: secret });
    expect(await plan('clear_cache', {}, targetWith({ allowPrivate: false }))).toMatchObject({
      ok: false,
      again: false,
      reason: expect.stringContaining('"allowPrivate: true"'),
    });
    for (const at of ['http://169.254.169.254/', 'http://[::ffff:169.254.169.254]/', 'http://0xa9fea9fe/'])
      expect(await plan('clear_cache', {}, targetWith(), env(at))).toMatchObject({
        ok: false,
        reason: expect.stringContaining('never asked'),
      });
  });

  it('is judged again when it is sent, and keeps the secret to itself', async () => {
    const planned = await plan('clear_cache');
    if (!planned.ok) throw new Error(planned.reason);
    const action = {
      step: 0,
      type: 'clear_cache' as const,
      target: 'temp-files',
      provider: 'http',
      timeoutMs: 1,
      maxRetries: 0,
      ...planned.call,
    };
    const env = { HOOK_URL: 'http://user:canary@localhost/', HOOK_SECRET: 'canary' };
    const target = targetWith({ allowPrivate: false });
    const result = await httpProvider.send({
      target,
      key: 'act-1',
      incidentId: 'inc-1',
      action,
      env,
      signal: AbortSignal.timeout(5_000),
    });
    expect(result).toMatchObject({
      outcome: 'refused',
      detail: expect.stringMatching(/^localhost \(.*\) is a private address/),
    });
    expect(JSON.stringify([result, planned])).not.toContain('canary');
  });
});
