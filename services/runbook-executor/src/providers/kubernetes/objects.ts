import { createHash } from 'node:crypto';
import { canonicalJson } from '@nightshift/runbooks';
import { z } from 'zod';

/** What is read of Kubernetes' objects: https://kubernetes.io/docs/reference/kubernetes-api/ */

const texts = z.record(z.string(), z.string()).default({});
const Meta = z.looseObject({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  labels: texts,
  annotations: texts,
  deletionTimestamp: z.string().nullish(),
  ownerReferences: z
    .array(
      z.object({ kind: z.string(), name: z.string(), uid: z.string().default(''), controller: z.boolean().optional() }),
    )
    .default([]),
});

/** Kept whole: a field that we do not know must survive being written back. */
const Template = z.looseObject({
  metadata: z.looseObject({ labels: texts, annotations: texts }).prefault({}),
  spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), image: z.string().default('') })) }),
});
export type Template = z.infer<typeof Template>;

export const Workload = z.object({
  metadata: Meta,
  spec: z.looseObject({
    replicas: z.number().int().optional(),
    paused: z.boolean().default(false),
    selector: z.looseObject({ matchLabels: texts }),
    template: Template,
    updateStrategy: z
      .looseObject({
        type: z.string().optional(),
        rollingUpdate: z.looseObject({ partition: z.number().optional() }).nullish(),
      })
      .optional(),
  }),
  status: z.looseObject({ updateRevision: z.string().optional() }).prefault({}),
});
export type Workload = z.infer<typeof Workload>;

export const Scale = z.object({
  metadata: z.looseObject({ resourceVersion: z.string() }),
  spec: z.object({ replicas: z.number().int().default(0) }).prefault({}),
});
export type Scale = z.infer<typeof Scale>;

export const Autoscaler = z.object({
  metadata: Meta,
  spec: z.looseObject({
    scaleTargetRef: z.object({ kind: z.string(), name: z.string() }),
    minReplicas: z.number().int().default(1),
    maxReplicas: z.number().int(),
  }),
});
export type Autoscaler = z.infer<typeof Autoscaler>;

export const ReplicaSet = z.object({ metadata: Meta, spec: z.looseObject({ template: Template }) });
export type ReplicaSet = z.infer<typeof ReplicaSet>;

export const ControllerRevision = z.object({
  metadata: Meta,
  revision: z.number().int(),
  data: z.looseObject({ spec: z.looseObject({ template: Template }) }),
});
export type ControllerRevision = z.infer<typeof ControllerRevision>;

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ metadata: z.looseObject({ continue: z.string().optional() }).prefault({}), items: z.array(item) });

/** The same text for the same pods: SHA-256 over what is set, without what only tells roll-outs and patches apart. */
export function templateDigest(template: Template): string {
  const { 'pod-template-hash': _hash, ...labels } = template.metadata.labels;
  const { $patch: _patch, ...rest } = template;
  const pods = stripped({ ...rest, metadata: { ...template.metadata, labels } });
  return createHash('sha256').update(canonicalJson(pods)).digest('hex');
}

/** Without nulls and empty objects: servers write `creationTimestamp: null` in some places and not in others. */
function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, stripped(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => inner !== null && !isEmpty(inner)));
}

const isEmpty = (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
