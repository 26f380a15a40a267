import { beyondInstances, scaleGoal } from '@nightshift/runbooks';
import { plannedCall, refuse, type PlanRequest, type SendRequest } from '../provider.ts';
import { nameOf, otherwise, refused, succeeded, type WorkloadAction } from './action.ts';
import type { Cluster, KubernetesTarget, Patch } from './cluster.ts';
import { gitopsOwner } from './guards.ts';
import type { Autoscaler, Workload } from './objects.ts';

/**
 * To an absolute number. Where a HorizontalPodAutoscaler owns the number it would set it back, so that only its lower bound can be
 * raised, and only where the catalogue says so; its upper bound never is.
 */
export const scale: WorkloadAction = {
  async plan(request, cluster, now) {
    const { target, params } = request;
    if (target.workload === 'daemonset')
      return refuse('a DaemonSet has no number of replicas: it runs one on each node');
    const from = now.spec.replicas ?? 1;
    const goal = scaleGoal(params, from);
    if (!goal.ok) return refuse(goal.reason);
    const crowded = beyondInstances(target, { replicas: goal.value });
    if (crowded) return refuse(crowded);
    const autoscalers = await autoscalersOf(cluster, target);
    if (autoscalers.length > 0) return planMinimum(request, cluster, now, autoscalers, { from, to: goal.value });
    const { metadata } = await cluster.scale();
    await cluster.patchScale(replicasPatch(metadata.resourceVersion, goal.value), { dryRun: true });
    return plannedCall('idempotent', {
      params: { replicas: goal.value },
      precondition: { uid: now.metadata.uid, replicas: from },
      summary: `scale ${nameOf(target)} from ${from} to ${goal.value} replicas`,
      undo: `scale ${nameOf(target)} back to ${from} replicas`,
    });
  },

  async attempt(request, cluster) {
    const { target, action } = request;
    const autoscalers = await autoscalersOf(cluster, target);
    if (action.params['autoscaler'] !== undefined) return raiseMinimum(request, cluster, autoscalers);
    if (autoscalers.length > 0)
      return refused(`the autoscaler ${autoscalers[0]!.metadata.name} owns its replicas since the plan was made`);
    const to = Number(action.params['replicas']);
    const { metadata, spec } = await cluster.scale();
    if (spec.replicas === to) return succeeded(`${nameOf(target)} is at ${to} replicas already`);
    if (spec.replicas !== action.precondition['replicas'])
      return refused(`it is at ${spec.replicas} replicas, the plan was made for ${action.precondition['replicas']}`);
    const changed = await cluster.patchScale(replicasPatch(metadata.resourceVersion, to));
    return changed.spec.replicas === to ? succeeded(`${nameOf(target)} is at ${to} replicas`) : otherwise(target);
  },
};

async function planMinimum(
  { target }: PlanRequest<KubernetesTarget>,
  cluster: Cluster,
  { metadata }: Workload,
  autoscalers: Autoscaler[],
  { from, to }: { from: number; to: number },
) {
  const autoscaler = autoscalers[0]!;
  const refusal =
    autoscalers.length > 1
      ? `${autoscalers.length} autoscalers own its replicas`
      : autoscalerRefusal(target, autoscaler, to);
  if (refusal) return refuse(`cannot scale ${nameOf(target)} from ${from} to ${to}: ${refusal}`);
  const { name, uid } = autoscaler.metadata;
  const { minReplicas } = autoscaler.spec;
  await cluster.patchAutoscaler(name, minimumPatch(autoscaler, to), { dryRun: true });
  return plannedCall('idempotent', {
    params: { replicas: to, autoscaler: name },
    precondition: { uid: metadata.uid, replicas: from, autoscalerUid: uid, minReplicas },
    summary: `scale ${nameOf(target)} from ${from} to ${to} replicas by raising minReplicas of its autoscaler ${name} from ${minReplicas} to ${to}`,
    undo: `set minReplicas of the autoscaler ${name} back to ${minReplicas}`,
  });
}

async function raiseMinimum(
  { target, action }: SendRequest<KubernetesTarget>,
  cluster: Cluster,
  autoscalers: Autoscaler[],
) {
  const [autoscaler, ...more] = autoscalers;
  const to = Number(action.params['replicas']);
  if (!autoscaler || more.length > 0 || autoscaler.metadata.uid !== action.precondition['autoscalerUid'])
    return refused(`the autoscaler ${action.params['autoscaler']} no longer owns its replicas alone`);
  const { name } = autoscaler.metadata;
  const said = `minReplicas of the autoscaler ${name} is ${to}`;
  if (autoscaler.spec.minReplicas === to) return succeeded(`${said} already`);
  const refusal = autoscalerRefusal(target, autoscaler, to);
  if (refusal) return refused(refusal);
  if (autoscaler.spec.minReplicas !== action.precondition['minReplicas'])
    return refused(
      `minReplicas of the autoscaler ${name} was set to ${autoscaler.spec.minReplicas} since the plan was made`,
    );
  const changed = await cluster.patchAutoscaler(name, minimumPatch(autoscaler, to));
  return changed.spec.minReplicas === to ? succeeded(said) : otherwise(target);
}

/** Why the bounds of an autoscaler may not be raised to `to`, or null. */
function autoscalerRefusal(target: KubernetesTarget, { metadata, spec }: Autoscaler, to: number): string | null {
  const what = `the autoscaler ${metadata.name} (${spec.minReplicas} to ${spec.maxReplicas})`;
  if (target.autoscaler === 'refuse')
    return `${what} owns its replicas and would set them back; with "autoscaler: raise_min" in the catalogue its minReplicas may be raised`;
  const owner = gitopsOwner(metadata) ?? metadata.ownerReferences.find(({ controller }) => controller)?.kind;
  if (owner) return `${owner} owns ${what} and would put it back`;
  if (to > spec.maxReplicas) return `${what} ends at ${spec.maxReplicas}, and that bound is never raised`;
  return to < spec.minReplicas ? `${what} asks for more already` : null;
}

async function autoscalersOf(cluster: Cluster, { name, workload }: KubernetesTarget): Promise<Autoscaler[]> {
  const owns = ({ spec: { scaleTargetRef: of } }: Autoscaler) => of.name === name && of.kind.toLowerCase() === workload;
  return (await cluster.autoscalers()).filter(owns);
}

const replicasPatch = (resourceVersion: string, replicas: number): Patch => ({
  how: 'merge',
  body: { metadata: { resourceVersion }, spec: { replicas } },
});

const minimumPatch = ({ metadata: { resourceVersion } }: Autoscaler, minReplicas: number): Patch => ({
  how: 'merge',
  body: { metadata: { resourceVersion }, spec: { minReplicas } },
});
