import type { AppsV1Api } from '@kubernetes/client-node';
import type { Target } from '@nightshift/types';
import type { z } from 'zod';
import type { Ask } from './client.ts';
import { Autoscaler, ControllerRevision, listOf, ReplicaSet, Scale, Workload } from './objects.ts';

export type KubernetesTarget = Extract<Target, { kind: 'kubernetes' }>;
export type Patch = { how: keyof typeof contentTypes; body: object };
/** The server checks everything, admission included, and stores nothing. */
type Options = { dryRun?: boolean };

/** One workload, and what belongs to it. */
export type Cluster = {
  read(): Promise<Workload>;
  patch(patch: Patch, options?: Options): Promise<Workload>;
  scale(): Promise<Scale>;
  patchScale(patch: Patch, options?: Options): Promise<Scale>;
  autoscalers(): Promise<Autoscaler[]>;
  patchAutoscaler(name: string, patch: Patch, options?: Options): Promise<Autoscaler>;
  replicaSets(of: Workload): Promise<ReplicaSet[]>;
  controllerRevisions(of: Workload): Promise<ControllerRevision[]>;
};

const contentTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};
const limit = 500;

export function clusterOf(ask: Ask, { namespace, name, workload }: KubernetesTarget): Cluster {
  const at = { name, namespace };
  const kind = kinds[workload];
  const change = <T extends z.ZodType>(schema: T, { how, body }: Patch, { dryRun }: Options, send: Change) => {
    const patching = { ...at, body, fieldManager: 'nightshift', ...(dryRun && { dryRun: 'All' }) };
    return ask(schema, (apis) => send(apis, patching), contentTypes[how]);
  };
  const owned = async <T extends Owned>(schema: z.ZodType<T>, of: Workload, list: List) => {
    const labels = Object.entries(of.spec.selector.matchLabels).map(([label, value]) => `${label}=${value}`);
    const items = whole(
      await ask(listOf(schema), ({ apps }) => list(apps, { namespace, labelSelector: labels.join(','), limit })),
    );
    return items.filter(({ metadata }) => isControlledBy(metadata, of));
  };
  return {
    read: () => ask(Workload, ({ apps }) => kind.read(apps, at)),
    patch: (patch, options = {}) => change(Workload, patch, options, ({ apps }, what) => kind.patch(apps, what)),
    scale: () => ask(Scale, ({ apps }) => scaled(kind).read(apps, at)),
    patchScale: (patch, options = {}) =>
      change(Scale, patch, options, ({ apps }, what) => scaled(kind).patch(apps, what)),
    autoscalers: async () =>
      whole(
        await ask(listOf(Autoscaler), ({ autoscaling }) =>
          autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace, limit }),
        ),
      ),
    patchAutoscaler: (hpa, patch, options = {}) =>
      change(Autoscaler, patch, options, ({ autoscaling }, what) =>
        autoscaling.patchNamespacedHorizontalPodAutoscaler({ ...what, name: hpa }),
      ),
    replicaSets: (of) => owned(ReplicaSet, of, (apps, what) => apps.listNamespacedReplicaSet(what)),
    controllerRevisions: (of) =>
      owned(ControllerRevision, of, (apps, what) => apps.listNamespacedControllerRevision(what)),
  };
}

type At = { name: string; namespace: string };
type Patching = At & { body: object; fieldManager: string; dryRun?: string };
type Change = (apis: Parameters<Parameters<Ask>[1]>[0], patching: Patching) => Promise<unknown>;
type List = (apps: AppsV1Api, what: { namespace: string; labelSelector: string; limit: number }) => Promise<unknown>;
type Access = {
  read(apps: AppsV1Api, at: At): Promise<unknown>;
  patch(apps: AppsV1Api, patching: Patching): Promise<unknown>;
};
type Owned = { metadata: Workload['metadata'] };

const kinds: Record<KubernetesTarget['workload'], Access & { scale?: Access }> = {
  deployment: {
    read: (apps, at) => apps.readNamespacedDeployment(at),
    patch: (apps, patching) => apps.patchNamespacedDeployment(patching),
    scale: {
      read: (apps, at) => apps.readNamespacedDeploymentScale(at),
      patch: (apps, patching) => apps.patchNamespacedDeploymentScale(patching),
    },
  },
  statefulset: {
    read: (apps, at) => apps.readNamespacedStatefulSet(at),
    patch: (apps, patching) => apps.patchNamespacedStatefulSet(patching),
    scale: {
      read: (apps, at) => apps.readNamespacedStatefulSetScale(at),
      patch: (apps, patching) => apps.patchNamespacedStatefulSetScale(patching),
    },
  },
  daemonset: {
    read: (apps, at) => apps.readNamespacedDaemonSet(at),
    patch: (apps, patching) => apps.patchNamespacedDaemonSet(patching),
  },
};

function scaled({ scale }: { scale?: Access }): Access {
  if (!scale) throw new Error('a DaemonSet has no number of replicas: it runs one on each node');
  return scale;
}

function isControlledBy({ ownerReferences }: Owned['metadata'], { metadata: { uid } }: Workload): boolean {
  return ownerReferences.some((owner) => owner.controller === true && owner.uid === uid);
}

function whole<T>({ metadata, items }: { metadata: { continue?: string | undefined }; items: T[] }): T[] {
  if (metadata.continue) throw new Error(`there are more than ${limit} of them: the right one might be missed`);
  return items;
}
