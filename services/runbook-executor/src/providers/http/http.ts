import { addressRefusal } from '@nightshift/runtime';
import { ActionType, inputLimits, type Target } from '@nightshift/types';
import { judgeAnswer } from '../answer.ts';
import { addressFrom, call } from '../call.ts';
import { declaredCall } from '../declared.ts';
import { plannedCall, refuse, type Env, type PlanRequest, type PlanResult, type ProviderOf } from '../provider.ts';
import { follow } from './follow.ts';
import { webhookHeaders } from './signature.ts';

type HttpTarget = Extract<Target, { kind: 'http' }>;

/**
 * A signed POST to somebody's own hook. Whether it may be sent twice is the receiver's promise: `idempotent: true` in the catalogue
 * says that it honours `Idempotency-Key`. Without it an action is sent once, and a missing answer wakes a person. With `followResult` a
 * 202 is only the beginning: the result that its Location names is asked for until it has ended.
 */
export const httpProvider: ProviderOf<'http'> = {
  supports: ActionType.options,

  async plan(request) {
    const { target, env } = request;
    const to = destination(target, env);
    if (!to.ok) return refuse(to.reason);
    const refusal = await addressRefusal(to.url, { allowPrivate: target.allowPrivate ?? false });
    return refusal ? refuse(refusal) : planCall(request);
  },

  async send({ target, key, incidentId, action, env, signal }) {
    const to = destination(target, env);
    if (!to.ok) return { outcome: 'refused', detail: to.reason };
    const body = JSON.stringify({
      id: key,
      action: action.type,
      target: action.target,
      params: action.params,
      precondition: action.precondition,
      incident: incidentId,
    });
    const { url, secret } = to;
    const ask = (method: 'GET' | 'POST', at: URL, text: string) => {
      const signature = secret === null ? {} : webhookHeaders(secret, key, Math.floor(Date.now() / 1_000), text);
      const headers = { 'idempotency-key': key, ...signature };
      const allowPrivate = target.allowPrivate ?? false;
      const maxBytes = inputLimits.outputChars;
      return call({
        url: at,
        method,
        headers,
        ...(method === 'POST' && { body: text }),
        signal,
        allowPrivate,
        maxBytes,
      });
    };
    const answer = await ask('POST', url, body);
    if (target.followResult && answer.kind === 'answer' && answer.status === 202) {
      const { everySeconds } = target.followResult;
      return follow({ accepted: answer, from: url, everySeconds, get: (at) => ask('GET', at, ''), signal });
    }
    if (answer.kind !== 'answer' || answer.status !== target.expectStatus) return judgeAnswer(answer);
    return { outcome: 'succeeded', detail: `answered ${answer.status}${answer.text === '' ? '' : `: ${answer.text}`}` };
  },
};

function planCall({ target, type, params, rollback }: PlanRequest<HttpTarget>): PlanResult {
  const declared = declaredCall(type, params, rollback);
  if (!declared.ok) return refuse(declared.reason);
  const { words, ...call } = declared.value;
  return plannedCall(target.idempotent ? 'idempotent' : 'once', {
    ...call,
    summary: `ask ${target.id} to ${words}`,
    undo: `whatever undoes "${type}" on ${target.id}; its receiver knows`,
  });
}

function destination(
  target: HttpTarget,
  env: Env,
): { ok: true; url: URL; secret: string | null } | { ok: false; reason: string } {
  const address = addressFrom(env, target.urlEnv);
  if (!address.ok) return address;
  const secret = target.secretEnv === undefined ? null : (env[target.secretEnv] ?? '');
  if (secret === '') return { ok: false, reason: `${target.secretEnv} is not set` };
  const url = new URL(address.url);
  url.pathname = `${url.pathname.replace(/\/$/, '')}${target.path}`;
  return { ok: true, url, secret };
}
