import { noParams, scaleGoal } from '@nightshift/runbooks';
import { judgeAnswer, parse } from '../answer.ts';
import {
  plannedCall,
  refuse,
  type PlanRequest,
  type PlanResult,
  type ProviderOf,
  type SendRequest,
  type SendResult,
} from '../provider.ts';
import { Change, change, connection, readProcess, type ProcessState, type ProcessTarget } from './protocol.ts';

/** Processes under a supervisor with a control API. Every change is idempotent by key and pinned to what the plan saw. */
export const processProvider: ProviderOf<'process'> = {
  supports: ['restart_service', 'rollback_deploy', 'scale_up'],

  async plan(request) {
    const reading = await readProcess(request.target, request.env, request.signal);
    if (!reading.ok) return { ...reading, reason: `cannot ask how ${request.target.process} is: ${reading.reason}` };
    return planFor(request, reading.process);
  },

  async send(request) {
    const to = connection(request.target, request.env);
    if (!to.ok) return { outcome: 'refused', detail: to.reason };
    const refusal = request.action.type === 'scale_up' ? await scaleRefusal(request) : null;
    if (refusal) return refusal;
    const { verb, body } = messageFor(request);
    const answer = await change(to, request.target.process, verb, body, request.signal);
    if (answer.kind !== 'answer' || answer.status !== 200) return judgeAnswer(answer);
    const changed = parse(Change, answer.text);
    if (!changed || changed.key !== request.key)
      return { outcome: 'uncertain', detail: `answered 200, but not with this change: ${answer.text}` };
    return verdict(request, changed);
  },
};

function planFor({ type, params, target, rollback }: PlanRequest<ProcessTarget>, now: ProcessState): PlanResult {
  const name = target.process;
  const seen = { instance: now.instance, version: now.version };
  if (type === 'scale_up') {
    if (now.replicas === undefined)
      return refuse(`the control API does not say how many instances of ${name} run: additions could not be counted`);
    const goal = scaleGoal(params, now.replicas);
    if (!goal.ok) return refuse(goal.reason);
    return plannedCall('idempotent', {
      params: { replicas: goal.value },
      precondition: { replicas: now.replicas },
      summary: `scale ${name} from ${now.replicas} to ${goal.value} instances`,
      undo: `scale ${name} back to ${now.replicas} instances`,
    });
  }
  const none = noParams(type, params);
  if (!none.ok) return refuse(none.reason);
  if (type === 'restart_service') {
    return plannedCall('idempotent', {
      params: {},
      precondition: seen,
      summary: `restart ${name} (${now.version}, ${now.state})`,
      undo: 'nothing to undo: the same version runs again',
    });
  }
  if (!rollback) return refuse('no deployment to roll back was found');
  if (now.version !== rollback.from) {
    return refuse(
      `${name} runs ${now.version}, not the deployed ${rollback.from}: somebody or something changed it since`,
    );
  }
  return plannedCall('idempotent', {
    params: { from: rollback.from, to: rollback.to },
    precondition: { version: now.version, deploymentId: rollback.deploymentId, deployedAt: rollback.deployedAt },
    summary: `roll back ${name} from ${rollback.from} to ${rollback.to}`,
    undo: `deploy ${rollback.from} again (from ${rollback.to})`,
  });
}

function messageFor({ action, key }: SendRequest<ProcessTarget>): { verb: string; body: Record<string, unknown> } {
  const { params, precondition } = action;
  if (action.type === 'restart_service')
    return { verb: 'restart', body: { key, expectedInstance: precondition['instance'] } };
  if (action.type === 'rollback_deploy')
    return { verb: 'deploy', body: { key, from: params['from'], to: params['to'] } };
  return { verb: 'scale', body: { key, replicas: params['replicas'], expectedReplicas: precondition['replicas'] } };
}

/** An absolute number sent late could take away what somebody else added since: look first. Our own number is no reason to refuse. */
async function scaleRefusal({ target, env, signal, action }: SendRequest<ProcessTarget>): Promise<SendResult | null> {
  const reading = await readProcess(target, env, signal);
  if (!reading.ok) return { outcome: 'failed', detail: reading.reason, again: reading.again };
  const { replicas } = reading.process;
  if (replicas === action.precondition['replicas'] || replicas === action.params['replicas']) return null;
  return {
    outcome: 'refused',
    detail: `${replicas} instances run now, the plan was made for ${action.precondition['replicas']}`,
  };
}

/** A 200 is believed only where the process is as asked for. */
function verdict(
  { action, target }: SendRequest<ProcessTarget>,
  { applied, process }: { applied: boolean; process: ProcessState },
): SendResult {
  const wrong = (is: unknown) => ({
    outcome: 'failed' as const,
    detail: `answered 200, but ${target.process} is at ${String(is)}`,
    again: false,
  });
  if (action.type === 'rollback_deploy' && process.version !== action.params['to']) return wrong(process.version);
  if (action.type === 'scale_up' && process.replicas !== undefined && process.replicas !== action.params['replicas'])
    return wrong(process.replicas);
  if (action.type === 'restart_service' && applied && process.instance === action.precondition['instance'])
    return wrong(`the old instance ${process.instance}`);
  const state = `${target.process} is ${process.state} at ${process.version}`;
  return { outcome: 'succeeded', detail: applied ? state : `${state}; this key had been applied before` };
}
