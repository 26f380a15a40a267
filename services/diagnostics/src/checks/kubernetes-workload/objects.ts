import { z } from 'zod';

/** What is read of Kubernetes' objects (apps/v1, core/v1): https://kubernetes.io/docs/reference/kubernetes-api/ */

const Condition = z.object({ type: z.string(), status: z.string(), reason: z.string().default('') });

export const Workload = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({
    replicas: z.number().int().optional(),
    paused: z.boolean().default(false),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()).default({}) }),
  }),
  status: z
    .object({
      replicas: z.number().int().optional(),
      readyReplicas: z.number().int().optional(),
      updatedReplicas: z.number().int().optional(),
      desiredNumberScheduled: z.number().int().optional(),
      numberReady: z.number().int().optional(),
      updatedNumberScheduled: z.number().int().optional(),
      currentRevision: z.string().optional(),
      updateRevision: z.string().optional(),
      conditions: z.array(Condition).default([]),
    })
    .prefault({}),
});
export type Workload = z.infer<typeof Workload>;

const Ended = z.object({
  reason: z.string().default(''),
  finishedAt: z.string().optional(),
  exitCode: z.number().optional(),
});
const State = z.object({
  waiting: z.object({ reason: z.string().default('') }).optional(),
  terminated: Ended.optional(),
});
const ContainerStatus = z.object({
  name: z.string(),
  restartCount: z.number().int().default(0),
  state: State.prefault({}),
  lastState: State.prefault({}),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

const Pod = z.object({
  metadata: z.object({ name: z.string(), uid: z.string().default('') }),
  status: z
    .object({ phase: z.string().default('Unknown'), containerStatuses: z.array(ContainerStatus).default([]) })
    .prefault({}),
});
export type Pod = z.infer<typeof Pod>;
export const PodList = z.object({ items: z.array(Pod).max(5_000) });

const Event = z.object({
  type: z.string().default('Normal'),
  reason: z.string().default(''),
  message: z.string().default(''),
  count: z.number().int().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
  involvedObject: z.object({ kind: z.string().default(''), name: z.string().default('') }).prefault({}),
});
export type Event = z.infer<typeof Event>;
export const EventList = z.object({ items: z.array(Event).max(5_000) });
