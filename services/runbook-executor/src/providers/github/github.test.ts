import { Catalogue, type ActionParams, type ActionType, type PlannedAction, type Target } from '@nightshift/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGithubApi, type GithubApi } from '../../testing/github-api.ts';
import { githubProvider } from './github.ts';

let api: GithubApi;
beforeAll(async () => void (api = await startGithubApi()));
beforeEach(() => {
  for (const list of [api.runs, api.dispatched, api.tricks, api.asked, api.unexpected]) list.length = 0;
  api.workflow = { state: 'active', sha: 'sha-1' };
  api.course = [['completed', 'success']];
});
afterEach(() => expect(api.unexpected).toEqual([]));
afterAll(() => api.close());

type GithubTarget = Extract<Target, { kind: 'github' }>;
function targetWith(more: object = {}): GithubTarget {
  const entry = {
    id: 'restarter',
    kind: 'github',
    repository: 'acme/shop',
    workflow: 'restart.yml',
    tokenEnv: 'TOKEN',
    apiUrlEnv: 'API',
    allowPrivate: true,
    everySeconds: 0.1,
    actions: ['restart_service'],
    ...more,
  };
  const { services } = Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets: [entry] }] });
  return services[0]!.targets[0] as GithubTarget;
}
const env = () => ({ API: api.url, TOKEN: api.token });
const rollback = { deploymentId: 'dep-2', from: 'v2', to: 'v1', deployedAt: 1 };
const plan = (
  type: ActionType,
  target = targetWith(),
  params: ActionParams = {},
  given: Record<string, string> = env(),
) =>
  githubProvider.plan({
    target,
    type,
    params,
    rollback: type === 'rollback_deploy' ? rollback : null,
    env: given,
    signal: AbortSignal.timeout(5_000),
  });
async function planned(type: ActionType = 'restart_service', target = targetWith()): Promise<PlannedAction> {
  const result = await plan(type, target);
  if (!result.ok) throw new Error(result.reason);
  return { step: 0, type, target: target.id, provider: 'github', timeoutMs: 1_000, maxRetries: 0, ...result.call };
}
const sending = (action: PlannedAction, target = targetWith(), signal = AbortSignal.timeout(5_000)) => ({
  target,
  key: 'act-1',
  incidentId: 'inc-1',
  action,
  env: env(),
  signal,
});
const send = (...given: Parameters<typeof sending>) => githubProvider.send(sending(...given));

describe('a plan to run a workflow', () => {
  it('is pinned to the workflow as it is now, and dispatches nothing', async () => {
    expect(await plan('restart_service')).toMatchObject({
      ok: true,
      call: {
        class: 'probe',
        precondition: { workflowSha: 'sha-1' },
        summary: 'run restart.yml of acme/shop at main to restart_service',
      },
    });
    expect(await plan('rollback_deploy')).toMatchObject({
      call: { params: { from: 'v2', to: 'v1' }, precondition: { version: 'v2', workflowSha: 'sha-1' } },
    });
    expect(await plan('scale_up', targetWith(), { from: 2, replicas: 3 })).toMatchObject({
      call: { params: { replicas: 3 }, precondition: { replicas: 2 } },
    });
    expect(await plan('scale_up', targetWith(), { add: 1 })).toMatchObject({ ok: false });
    expect(api.asked.every((line) => line.startsWith('GET '))).toBe(true);
  });

  it('says in the words of GitHub what is missing, and whether it may pass', async () => {
    expect(await plan('restart_service', targetWith({ workflow: 'other.yml' }))).toMatchObject({
      again: false,
      reason: 'other.yml: GitHub answered 404: Not Found',
    });
    expect(await plan('restart_service', targetWith({ ref: 'gone' }))).toMatchObject({
      again: false,
      reason: expect.stringContaining('at gone'),
    });
    expect(await plan('restart_service', targetWith(), {}, { ...env(), TOKEN: 'wrong' })).toMatchObject({
      again: false,
      reason: expect.stringContaining('401: Bad credentials'),
    });
    expect(await plan('restart_service', targetWith(), {}, { API: api.url })).toMatchObject({
      reason: 'TOKEN is not set',
    });
    expect(await plan('restart_service', targetWith({ allowPrivate: false }))).toMatchObject({
      again: false,
      reason: expect.stringContaining('private address'),
    });
    api.workflow.state = 'disabled_manually';
    expect(await plan('restart_service')).toMatchObject({ reason: 'restart.yml is disabled_manually' });
    api.tricks.push({
      method: 'GET',
      reply: { status: 403, headers: { 'x-ratelimit-remaining': '0' }, body: { message: 'API rate limit exceeded' } },
    });
    expect(await plan('restart_service')).toMatchObject({ again: true, reason: expect.stringContaining('rate limit') });
  });

  it('wants an input that carries the action', () => {
    expect(() => targetWith({ inputs: { version: '{to}' } })).toThrow('one must hold {id}');
    expect(() => targetWith({ repository: 'acme' })).toThrow('must be owner/name');
  });
});

describe('a workflow', () => {
  it('is dispatched once with its inputs, and followed to its end', async () => {
    api.course = [
      ['queued', null],
      ['in_progress', null],
      ['completed', 'success'],
    ];
    const target = targetWith({ inputs: { nightshift_id: '{id}', version: '{to}' } });
    const action = await planned('rollback_deploy', target);
    expect(await send(action, target)).toEqual({
      outcome: 'succeeded',
      detail: 'the run succeeded: https://github.example/runs/100',
    });
    expect(api.dispatched).toEqual([{ ref: 'main', inputs: { nightshift_id: 'act-1', version: 'v1' } }]);
  });

  it.each(['failure', 'cancelled', 'timed_out'])(
    'that ends with %s has failed, and is not run again',
    async (conclusion) => {
      api.course = [['completed', conclusion]];
      expect(await send(await planned())).toEqual({
        outcome: 'failed',
        again: false,
        detail: `the run ended with ${conclusion}: https://github.example/runs/100`,
      });
    },
  );

  it('can be asked whether it was run, by the input that its name shows', async () => {
    const action = await planned();
    expect(await githubProvider.probe!(sending(action))).toBe('not_done');
    api.tricks.push({ method: 'POST', reply: 'hang_up_after' });
    expect(await send(action)).toMatchObject({ outcome: 'uncertain' });
    expect(await githubProvider.probe!(sending(action))).toMatchObject({ ended: { outcome: 'succeeded' } });
    expect(api.dispatched).toHaveLength(1);
    api.course = [
      ['in_progress', null],
      ['completed', 'failure'],
    ];
    api.runs[0]!.status = 'queued';
    expect(await githubProvider.probe!(sending(action))).toMatchObject({ ended: { outcome: 'failed' } });
    api.tricks.push({ method: 'GET', reply: { status: 500 } });
    expect(await githubProvider.probe!(sending(action))).toBe('unknown');
  });

  it('is not dispatched when it was changed since the plan, nor where GitHub refuses it', async () => {
    const action = await planned();
    const refusing = async (status: number, message: string, headers: Record<string, string> = {}) => {
      api.tricks.push({ method: 'POST', reply: { status, headers, body: { message } } });
      return send(action);
    };
    const forbidden = 'Resource not accessible by personal access token';
    expect(await refusing(403, forbidden)).toEqual({ outcome: 'refused', detail: `GitHub answered 403: ${forbidden}` });
    expect(await refusing(404, 'Not Found')).toMatchObject({ outcome: 'refused' });
    expect(await refusing(429, 'slow down')).toMatchObject({ outcome: 'failed', again: true });
    expect(await refusing(403, 'secondary rate limit', { 'retry-after': '60' })).toMatchObject({
      outcome: 'failed',
      again: true,
    });
    expect(await refusing(502, 'Server Error')).toMatchObject({ outcome: 'uncertain' });
    const unknown = targetWith({ inputs: { nightshift_id: '{id}', colour: 'red' } });
    expect(await send(action, unknown)).toEqual({
      outcome: 'refused',
      detail: 'GitHub answered 422: Unexpected inputs provided: ["colour"]',
    });
    api.workflow.sha = 'sha-2';
    expect(await send(action)).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('changed since') });
    expect(api.dispatched).toEqual([]);
  });

  it('is followed through a rate limit, as slowly as GitHub says', async () => {
    const action = await planned();
    api.course = [
      ['in_progress', null],
      ['completed', 'success'],
    ];
    const limited = { status: 429, headers: { 'retry-after': '1' }, body: { message: 'slow down' } };
    const sent = send(action);
    await expect.poll(() => api.dispatched.length).toBe(1);
    api.tricks.push({ method: 'GET', reply: limited });
    expect(await sent).toMatchObject({ outcome: 'succeeded' });
  });

  it('that does not end in time is uncertain, with where to look', async () => {
    api.course = [['in_progress', null]];
    const action = await planned();
    expect(await send(action, targetWith(), AbortSignal.timeout(600))).toEqual({
      outcome: 'uncertain',
      detail: 'it is still in_progress: https://github.example/runs/100',
    });
  });

  it('whose run-name does not show the input is told so', async () => {
    const { runName } = api;
    api.runName = () => 'restart';
    const result = await send(await planned(), targetWith(), AbortSignal.timeout(600));
    api.runName = runName;
    expect(result).toMatchObject({ outcome: 'uncertain', detail: expect.stringContaining('run-name') });
    expect(api.dispatched).toHaveLength(1);
  });

  it('leaves no token in what is kept', async () => {
    const action = await planned();
    const results = [
      action,
      await send(action),
      await plan('restart_service', targetWith(), {}, { ...env(), API: 'http://127.0.0.1:1' }),
    ];
    expect(JSON.stringify(results)).not.toContain('canary');
  });
});
