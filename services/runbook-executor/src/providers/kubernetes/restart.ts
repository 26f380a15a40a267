import { noParams } from '@nightshift/runbooks';
import { plannedCall, refuse } from '../provider.ts';
import { nameOf, otherwise, refused, succeeded, type WorkloadAction } from './action.ts';
import type { Patch } from './cluster.ts';
import { templateDigest, type Workload } from './objects.ts';

/** On the pod template: which action restarted it last. */
const mark = 'nightshift.io/restarted-by';

/** As `kubectl rollout restart`: a changed annotation of the pod template makes the controller replace every pod, a few at a time. */
export const restart: WorkloadAction = {
  async plan({ target, type, params }, cluster, now) {
    const none = noParams(type, params);
    if (!none.ok) return refuse(none.reason);
    await cluster.patch(restartPatch(now, 'a plan, not stored'), { dryRun: true });
    return plannedCall('idempotent', {
      params: {},
      precondition: { uid: now.metadata.uid, template: templateDigest(now.spec.template) },
      summary: `restart the pods of ${nameOf(target)}, a few at a time`,
      undo: 'nothing to undo: the same version runs again',
    });
  },

  async attempt({ target, action, key }, cluster, now) {
    if (markOf(now) === key) return succeeded(`${nameOf(target)} is being restarted; this key had been applied before`);
    if (templateDigest(now.spec.template) !== action.precondition['template'])
      return refused(`the pods of ${nameOf(target)} were redefined or restarted since the plan was made`);
    const changed = await cluster.patch(restartPatch(now, key));
    return markOf(changed) === key ? succeeded(`${nameOf(target)} is being restarted`) : otherwise(target);
  },
};

const markOf = ({ spec }: Workload) => spec.template.metadata.annotations[mark];

function restartPatch({ metadata: { resourceVersion } }: Workload, key: string): Patch {
  const annotations = { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString(), [mark]: key };
  return {
    how: 'strategic',
    body: { metadata: { resourceVersion }, spec: { template: { metadata: { annotations } } } },
  };
}
