import type { ActionType } from '@nightshift/types';
import type { KubernetesTarget } from './cluster.ts';
import type { Workload } from './objects.ts';

/** Who declares an object elsewhere and would put it back: by the labels or annotations with which each marks what it manages. */
const gitops: [owner: string, mark: string, value?: string][] = [
  ['Argo CD', 'argocd.argoproj.io/tracking-id'],
  ['Argo CD', 'argocd.argoproj.io/instance'],
  ['Flux', 'kustomize.toolkit.fluxcd.io/name'],
  ['Flux', 'helm.toolkit.fluxcd.io/name'],
  ['Config Sync', 'configmanagement.gke.io/managed', 'enabled'],
];

/** Why a workload may not be changed in this way, or null. */
export function workloadRefusal(target: KubernetesTarget, type: ActionType, { metadata, spec }: Workload) {
  const name = `${target.workload} ${target.namespace}/${target.name}`;
  if (metadata.deletionTimestamp) return `${name} is being deleted`;
  if (spec.paused) return `${name} is paused: whoever paused it must resume it, a roll-out would wait until then`;
  const owner = gitopsOwner(metadata);
  if (owner && !(type === 'restart_service' && target.gitops === 'restart')) {
    const hint = type === 'restart_service' ? ' ("gitops: restart" in the catalogue allows this)' : '';
    return `${owner} owns ${name} and would put it back: change it where it is declared${hint}`;
  }
  const controller = metadata.ownerReferences.find((reference) => reference.controller);
  if (controller && type !== 'restart_service')
    return `${name} is managed by ${controller.kind} ${controller.name}, which would put it back`;
  return type === 'scale_up' ? null : strategyRefusal(name, spec.updateStrategy);
}

/** The owner that an object's marks name, or null. */
export function gitopsOwner({ labels, annotations }: Workload['metadata']): string | null {
  const marks = { ...labels, ...annotations };
  const found = gitops.find(([, mark, value]) => (value === undefined ? mark in marks : marks[mark] === value));
  return found?.[0] ?? null;
}

function strategyRefusal(name: string, strategy: Workload['spec']['updateStrategy']): string | null {
  if (strategy?.type === 'OnDelete')
    return `${name} replaces pods only when they are deleted (updateStrategy OnDelete)`;
  const partition = strategy?.rollingUpdate?.partition ?? 0;
  return partition > 0 ? `${name} rolls out only from pod ${partition} on (partition): others would stay` : null;
}
