import { clusterAccess } from '@nightshift/runtime';
import { errorMessage, type ActionType } from '@nightshift/types';
import { refuse, type Env, type PlanRequest, type PlanResult, type ProviderOf, type SendRequest } from '../provider.ts';
import { refused, type WorkloadAction } from './action.ts';
import { Answered, mayPass, openClient, sendFailure } from './client.ts';
import { clusterOf, type Cluster, type KubernetesTarget } from './cluster.ts';
import { workloadRefusal } from './guards.ts';
import { restart } from './restart.ts';
import { revisionsOf } from './revisions.ts';
import { rollback } from './rollback.ts';
import { scale } from './scale.ts';

const actions: Partial<Record<ActionType, WorkloadAction>> = {
  restart_service: restart,
  scale_up: scale,
  rollback_deploy: rollback,
};

/** Each one begins with a new reading. */
const attemptsAtMost = 5;

/**
 * Deployments, StatefulSets and DaemonSets. Every change is idempotent: absolute, pinned to the state that the plan saw, and sent
 * with the resourceVersion that it was judged by.
 */
export const kubernetesProvider: ProviderOf<'kubernetes'> = {
  supports: ['restart_service', 'scale_up', 'rollback_deploy'],

  plan: (request) => asking(request, async (cluster, now) => actions[request.type]!.plan(request, cluster, now)),

  async send(request) {
    const connected = await connect(request);
    if (!connected.ok) return { outcome: 'failed', detail: connected.reason, again: false };
    try {
      return await attempt(request, connected.cluster);
    } catch (error) {
      return sendFailure(error, request.signal);
    }
  },

  /** What `plan` would need for an incident: the workload, its revisions, and the right to patch it. */
  couldRollBack: (request) =>
    asking({ ...request, type: 'rollback_deploy' }, async (cluster, now) => {
      const revisions = await revisionsOf(cluster, request.target, now);
      if (revisions.length < 2) return refuse('there is no earlier revision to go back to');
      return restart.plan({ ...request, type: 'restart_service' }, cluster, now);
    }),
};

async function asking(
  request: PlanRequest<KubernetesTarget>,
  then: (cluster: Cluster, now: Awaited<ReturnType<Cluster['read']>>) => Promise<PlanResult>,
): Promise<PlanResult> {
  const connected = await connect(request);
  if (!connected.ok) return refuse(connected.reason);
  try {
    const now = await connected.cluster.read();
    const refusal = workloadRefusal(request.target, request.type, now);
    return refusal ? refuse(refusal) : await then(connected.cluster, now);
  } catch (error) {
    return { ok: false, reason: errorMessage(error), again: mayPass(error) };
  }
}

async function attempt(request: SendRequest<KubernetesTarget>, cluster: Cluster) {
  const { target, action } = request;
  for (let left = attemptsAtMost; ; left--) {
    const now = await cluster.read();
    if (now.metadata.uid !== action.precondition['uid'])
      return refused('it was deleted and made anew since the plan was made');
    const refusal = workloadRefusal(target, action.type, now);
    if (refusal) return refused(refusal);
    try {
      return await actions[action.type]!.attempt(request, cluster, now);
    } catch (error) {
      if (left <= 1 || !(error instanceof Answered) || error.status !== 409) throw error;
    }
  }
}

/** Credentials are read each time: tokens of pods are replaced every hour. */
async function connect({ target, env, signal }: { target: KubernetesTarget; env: Env; signal: AbortSignal }) {
  const { kubeconfigEnv, context } = target;
  if (kubeconfigEnv !== undefined && !env[kubeconfigEnv])
    return { ok: false as const, reason: `${kubeconfigEnv} is not set` };
  try {
    const access = await clusterAccess(kubeconfigEnv && env[kubeconfigEnv], context);
    return { ok: true as const, cluster: clusterOf(await openClient(access, signal), target) };
  } catch (error) {
    return { ok: false as const, reason: errorMessage(error) };
  }
}
