import { newId, type ActionParams, type ActionType, type PlannedAction } from '@nightshift/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Rollback } from '../../rollback.ts';
import { startControlApi, type ControlApi } from '../../testing/control-api.ts';
import type { PlanResult } from '../provider.ts';
import { processProvider } from './process.ts';

let api: ControlApi;
beforeEach(async () => void (api = await startControlApi()));
afterEach(() => api.close());

const target = {
  id: 'shop-api',
  kind: 'process' as const,
  urlEnv: 'URL',
  tokenEnv: 'TOKEN',
  process: 'api',
  actions: [],
};
const env = () => ({ URL: api.url, TOKEN: api.token });
const rollback: Rollback = { deploymentId: 'dep-1', from: 'v2', to: 'v1', deployedAt: 0 };

const plan = (
  type: ActionType,
  params: ActionParams = {},
  way: Rollback | null = null,
  environment: Record<string, string> = env(),
) =>
  processProvider.plan({ target, type, params, rollback: way, env: environment, signal: AbortSignal.timeout(5_000) });
function planned(type: ActionType, result: PlanResult): PlannedAction {
  if (!result.ok) throw new Error(result.reason);
  return { step: 0, type, target: target.id, provider: 'process', timeoutMs: 1_000, maxRetries: 0, ...result.call };
}
const send = (action: PlannedAction, key = newId('act')) =>
  processProvider.send({ target, key, incidentId: 'inc-1', action, env: env(), signal: AbortSignal.timeout(5_000) });

describe('restart', () => {
  it('is pinned to the instance that was seen, and done once per key', async () => {
    const action = planned('restart_service', await plan('restart_service'));
    expect(action).toMatchObject({
      class: 'idempotent',
      precondition: { instance: 'api-1', version: 'v1' },
      summary: 'restart api (v1, running)',
    });
    const key = newId('act');
    expect(await send(action, key)).toMatchObject({ outcome: 'succeeded', detail: 'api is running at v1' });
    expect(await send(action, key)).toMatchObject({
      outcome: 'succeeded',
      detail: 'api is running at v1; this key had been applied before',
    });
    expect(await send(action)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('the instance is api-2'),
    });
    expect(api.effects).toHaveLength(1);
  });
});

describe('roll back', () => {
  it('defect 45: goes from the exact version to the exact version, and a repeat does not undo it', async () => {
    api.process('api').version = 'v2';
    const action = planned('rollback_deploy', await plan('rollback_deploy', {}, rollback));
    expect(action).toMatchObject({
      params: { from: 'v2', to: 'v1' },
      summary: 'roll back api from v2 to v1',
      undo: 'deploy v2 again (from v1)',
    });
    const key = newId('act');
    expect(await send(action, key)).toMatchObject({ outcome: 'succeeded' });
    api.forgetKeys();
    expect(await send(action, key)).toMatchObject({ outcome: 'refused' });
    expect(api.effects).toMatchObject([{ verb: 'deploy', from: 'v2', to: 'v1' }]);
  });

  it('is refused when the running version is not the deployed one', async () => {
    api.process('api').version = 'v3';
    expect(await plan('rollback_deploy', {}, rollback)).toEqual({
      ok: false,
      again: false,
      reason: 'api runs v3, not the deployed v2: somebody or something changed it since',
    });
  });
});

describe('scale up', () => {
  it('sends an absolute number: twice is once', async () => {
    const action = planned('scale_up', await plan('scale_up', { add: 2 }));
    expect(action).toMatchObject({
      params: { replicas: 3 },
      precondition: { replicas: 1 },
      undo: 'scale api back to 1 instances',
    });
    expect(await send(action)).toMatchObject({ outcome: 'succeeded' });
    api.forgetKeys();
    expect(await send(action)).toMatchObject({ outcome: 'succeeded' });
    expect(api.process('api').replicas).toBe(3);
  });

  it('takes nothing away from what somebody else added meanwhile', async () => {
    const action = planned('scale_up', await plan('scale_up', { add: 1 }));
    api.process('api').replicas = 6;
    expect(await send(action)).toEqual({ outcome: 'refused', detail: '6 instances run now, the plan was made for 1' });
    expect(api.effects).toEqual([]);
  });
});

describe('what goes wrong', () => {
  it('defect 38: is never a success: an answer that is not this change, or a process that is not as asked for', async () => {
    const action = planned('restart_service', await plan('restart_service'));
    for (const text of [
      'ok',
      '{}',
      '{"key":"another","applied":true,"process":{"name":"api","state":"running","version":"v1","instance":"api-9"}}',
    ]) {
      api.tricks.push({ kind: 'answer', status: 200, text });
      expect(await send(action), text).toMatchObject({ outcome: 'uncertain' });
    }
    const still = {
      key: 'act-1',
      applied: true,
      process: { name: 'api', state: 'running', version: 'v1', instance: 'api-1' },
    };
    api.tricks.push({ kind: 'answer', status: 200, text: JSON.stringify(still) });
    expect(await send(action, 'act-1')).toMatchObject({
      outcome: 'failed',
      detail: 'answered 200, but api is at the old instance api-1',
    });
  });

  it('says what is missing, and whether asking again may help', async () => {
    expect(await plan('restart_service', {}, null, { TOKEN: 'x' })).toEqual({
      ok: false,
      again: false,
      reason: 'cannot ask how api is: URL is not set',
    });
    expect(await plan('restart_service', {}, null, { URL: api.url })).toMatchObject({
      ok: false,
      again: false,
      reason: 'cannot ask how api is: TOKEN is not set',
    });
    expect(await plan('restart_service', {}, null, { URL: api.url, TOKEN: 'wrong' })).toMatchObject({
      again: false,
      reason: expect.stringContaining('answered 401'),
    });
    expect(await plan('restart_service', {}, null, { URL: 'http://127.0.0.1:1', TOKEN: 'x' })).toMatchObject({
      again: true,
    });
    expect(await plan('restart_service', { force: true })).toMatchObject({ ok: false, again: false });
  });

  it('keeps apart what did not happen and what nobody knows', async () => {
    const action = planned('restart_service', await plan('restart_service'));
    api.tricks.push({ kind: 'answer', status: 500, text: 'cannot start' }, { kind: 'hang_up', when: 'after' });
    expect(await send(action)).toEqual({ outcome: 'failed', detail: 'answered 500: cannot start', again: true });
    expect(await send(action)).toMatchObject({ outcome: 'uncertain' });
    expect(api.effects).toHaveLength(1);
  });
});
