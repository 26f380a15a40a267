import type { Cluster, KubernetesTarget, Patch } from './cluster.ts';
import { templateDigest, type ControllerRevision, type ReplicaSet, type Template, type Workload } from './objects.ts';

/** A pod template that the workload had once, or has now. `name`: of the ReplicaSet or ControllerRevision that keeps it. */
export type Revision = {
  name: string;
  number: number;
  template: Template;
  digest: string;
  /** Brings the workload, as it was read, to this revision. */
  patch(now: Workload): Patch;
};

const revisionMark = 'deployment.kubernetes.io/revision';

/** Of one workload, newest first. */
export async function revisionsOf(cluster: Cluster, target: KubernetesTarget, now: Workload): Promise<Revision[]> {
  const revisions =
    target.workload === 'deployment'
      ? (await cluster.replicaSets(now)).map(ofReplicaSet)
      : (await cluster.controllerRevisions(now)).map(ofControllerRevision);
  return revisions.sort((a, b) => b.number - a.number);
}

function ofReplicaSet({ metadata, spec: { template: kept } }: ReplicaSet): Revision {
  const { 'pod-template-hash': _hash, ...labels } = kept.metadata.labels;
  const template = { ...kept, metadata: { ...kept.metadata, labels } };
  return {
    name: metadata.name,
    number: Number(metadata.annotations[revisionMark] ?? 0),
    template,
    digest: templateDigest(template),
    patch: ({ metadata: of }) => ({
      how: 'json',
      body: [
        { op: 'replace', path: '/metadata/resourceVersion', value: of.resourceVersion },
        { op: 'replace', path: '/spec/template', value: template },
        { op: 'add', path: '/metadata/annotations', value: annotations(of.annotations, metadata.annotations) },
      ],
    }),
  };
}

/** A ControllerRevision keeps a strategic merge patch. */
function ofControllerRevision({ metadata, revision, data }: ControllerRevision): Revision {
  const { template } = data.spec;
  return {
    name: metadata.name,
    number: revision,
    template,
    digest: templateDigest(template),
    patch: ({ metadata: { resourceVersion } }) => ({
      how: 'strategic',
      body: { ...data, metadata: { resourceVersion } },
    }),
  };
}

/** Those that belong to the Deployment stay, all others come from the revision, as `kubectl rollout undo` does. */
const ofDeployment = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionMark,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

function annotations(now: Record<string, string>, then: Record<string, string>): Record<string, string> {
  return Object.fromEntries([
    ...Object.entries(now).filter(([name]) => ofDeployment.has(name)),
    ...Object.entries(then).filter(([name]) => !ofDeployment.has(name)),
  ]);
}

/** The versions of a template: its label app.kubernetes.io/version, and the tag or digest of each container's image. */
export function versionsOf({ metadata, spec }: Template): string[] {
  const label = metadata.labels['app.kubernetes.io/version'];
  const images = spec.containers.map(({ image }) => /@(sha256:[0-9a-f]+)$|:([^:/@]+)(?:@.*)?$/.exec(image));
  return [label, ...images.map((found) => found?.[1] ?? found?.[2])].filter((version) => version !== undefined);
}
