import { errorMessage, type ActionType } from '@nightshift/types';
import {
  refuse,
  type PlanRequest,
  type PlanResult,
  type ProbeResult,
  type ProviderOf,
  type SendRequest,
  type SendResult,
} from '../provider.ts';
import { openEngine, sendFailure, statusOf, type Container, type DockerTarget, type Engine } from './engine.ts';
import { restart } from './restart.ts';
import { couldRollBack, rollback } from './rollback.ts';
import { scale } from './scale.ts';

/** One kind of change of a container, or of the service that it belongs to. */
export type ContainerAction = {
  plan(request: PlanRequest<DockerTarget>, engine: Engine, now: Container): Promise<PlanResult>;
  send(request: SendRequest<DockerTarget>, engine: Engine): Promise<SendResult>;
  probe?(request: SendRequest<DockerTarget>, engine: Engine): Promise<ProbeResult>;
};

const actions: Partial<Record<ActionType, ContainerAction>> = {
  restart_service: restart,
  scale_up: scale,
  rollback_deploy: rollback,
};

/** Containers of one Docker engine. Scaling and rolling back are idempotent by names and labels made of the key; a restart is asked about. */
export const dockerProvider: ProviderOf<'docker'> = {
  supports: ['restart_service', 'scale_up', 'rollback_deploy'],

  plan: (request) => asking(request, (engine, now) => actions[request.type]!.plan(request, engine, now)),

  async send(request) {
    const opened = await openEngine(request.target, request.env, request.signal);
    if (!opened.ok) return { outcome: 'failed', detail: opened.reason, again: false };
    try {
      request.signal.throwIfAborted();
      return await actions[request.action.type]!.send(request, opened.engine);
    } catch (error) {
      return sendFailure(error, request.signal);
    }
  },

  async probe(request) {
    const opened = await openEngine(request.target, request.env, request.signal);
    const { probe } = actions[request.action.type]!;
    return opened.ok && probe ? probe(request, opened.engine).catch(() => 'unknown' as const) : 'unknown';
  },

  couldRollBack: (request) => asking(request, (engine, now) => couldRollBack(request, engine, now)),
};

async function asking(
  request: PlanRequest<DockerTarget>,
  then: (engine: Engine, now: Container) => Promise<PlanResult>,
): Promise<PlanResult> {
  const { target, env, signal } = request;
  const opened = await openEngine(target, env, signal);
  if (!opened.ok) return refuse(opened.reason);
  try {
    const now = await opened.engine.inspect(target.container);
    if (!now) return refuse(`there is no container ${target.container}`);
    const refusal = refusalOf(target, now);
    return refusal ? refuse(refusal) : await then(opened.engine, now);
  } catch (error) {
    const status = statusOf(error);
    return { ok: false, reason: errorMessage(error), again: status === null || status >= 500 };
  }
}

function refusalOf({ container }: DockerTarget, { State, Config }: Container): string | null {
  if (State.Paused) return `${container} is paused: whoever paused it must unpause it`;
  if ('com.docker.swarm.service.id' in (Config.Labels ?? {}))
    return `Swarm owns ${container} and would put it back: change its service`;
  return null;
}
