import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Catalogue, type ActionParams, type ActionType, type PlannedAction, type Target } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../testing/control-api.ts';
import { httpProvider } from './http.ts';

type Got = { path: string; headers: IncomingHttpHeaders; body: string };
const got: Got[] = [];
let status = 200;
let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push({ path: request.url!, headers: request.headers, body });
      response.writeHead(status).end('noted');
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
async function send(type: ActionType, params: ActionParams = {}, target = targetWith()) {
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
    signal: AbortSignal.timeout(5_000),
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
