import type { PlanRequest, PlanResult, SendRequest, SendResult } from '../provider.ts';
import type { Cluster, KubernetesTarget } from './cluster.ts';
import type { Workload } from './objects.ts';

/** One kind of change of a workload. */
export type WorkloadAction = {
  /** The exact call, tried on the server without being stored. */
  plan(request: PlanRequest<KubernetesTarget>, cluster: Cluster, now: Workload): Promise<PlanResult>;
  /**
   * One attempt on the workload as it was just read. The patch carries the resourceVersion that it was made for: where somebody was
   * quicker, the API answers 409 and it is judged afresh.
   */
  attempt(request: SendRequest<KubernetesTarget>, cluster: Cluster, now: Workload): Promise<SendResult>;
};

export const nameOf = ({ workload, namespace, name }: KubernetesTarget) => `${workload} ${namespace}/${name}`;

export const succeeded = (detail: string): SendResult => ({ outcome: 'succeeded', detail });
export const refused = (detail: string): SendResult => ({ outcome: 'refused', detail });
/** A 200 is believed only where the answer shows the change. */
export const otherwise = (target: KubernetesTarget): SendResult => ({
  outcome: 'failed',
  detail: `the cluster answered with success, but ${nameOf(target)} is not as asked for`,
  again: false,
});
