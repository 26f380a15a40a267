import { z } from 'zod';

export const ActionType = z.enum([
  'restart_service',
  'scale_up',
  'clear_cache',
  'rollback_deploy',
  'failover_db',
  'drain_queue',
]);
export type ActionType = z.infer<typeof ActionType>;

/**
 * What may be done when a lease expired and nobody knows whether the effect happened:
 * I idempotent: send again with the same key. P probe-able: ask first. N neither: `unknown`, page, never repeat.
 */
export const ActionClass = z.enum(['idempotent', 'probe', 'once']);
export type ActionClass = z.infer<typeof ActionClass>;

/** `skipped`: what it waited for did not come true, so that there was no need. `cancelled`: the plan ended before it. */
export const ActionState = z.enum([
  'planned',
  'dispatching',
  'succeeded',
  'failed',
  'denied',
  'unknown',
  'cancelled',
  'skipped',
]);
export type ActionState = z.infer<typeof ActionState>;

/** How a step ended, as far as later steps may depend on it. */
export const StepEnd = z.enum(['succeeded', 'failed', 'skipped']);
export type StepEnd = z.infer<typeof StepEnd>;

export const ActionParam = z.union([z.string().max(1_024), z.number(), z.boolean()]);
export const ActionParams = z.record(z.string(), ActionParam);
export type ActionParams = z.infer<typeof ActionParams>;

/** Before a step: so long after the one before it, or a fact that a look taken after that one must find within the time. */
export const PlannedWait = z.union([
  z.object({ afterMs: z.number().positive() }),
  z.object({
    check: z.string(),
    fact: z.string(),
    op: z.enum(['=', '!=', '>', '>=', '<', '<=']),
    value: ActionParam,
    withinMs: z.number().positive(),
  }),
]);
export type PlannedWait = z.infer<typeof PlannedWait>;

/** More than detection.yaml asks for before it counts as recovered. Never less: the stricter of the two counts. */
export const Verification = z.strictObject({
  holdSeconds: z.number().int().min(1).max(240).optional(),
  minSamples: z.number().int().min(1).max(1_000).optional(),
});
export type Verification = z.infer<typeof Verification>;

/** One step of a plan: an exact call on an exact target. Its hash is what an approver signs. */
export const PlannedAction = z.object({
  step: z.number().int().min(0),
  type: ActionType,
  /** Id of a catalogue target: one thing, never a pattern. */
  target: z.string().min(1),
  provider: z.string(),
  params: ActionParams,
  class: ActionClass,
  /** The state of the target this plan was made for; the provider refuses when it no longer holds. */
  precondition: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  timeoutMs: z.number().int().positive(),
  maxRetries: z.number().int().min(0),
  /** The call in words, for people: "roll back shop-api from v2 to v1". */
  summary: z.string(),
  undo: z.string(),
  backOffMs: z.number().int().positive().optional(),
  /** The step whose certain failure this one answers. */
  insteadOf: z.number().int().min(0).optional(),
  /** How earlier steps must have ended. */
  when: z.array(z.object({ step: z.number().int().min(0), is: StepEnd })).optional(),
  waitUntil: PlannedWait.optional(),
});
export type PlannedAction = z.infer<typeof PlannedAction>;

/** One limit that a step counts against: how much of it was used when the plan was made, and what the step takes. */
export const LimitUse = z.object({
  step: z.number().int().min(0),
  limit: z.string(),
  /** Whose limit it is: a target, a service, "everywhere", the incident. */
  scope: z.string(),
  used: z.number(),
  takes: z.number(),
  max: z.number(),
  /** Null: for the whole incident. */
  windowMs: z.number().nullable(),
});
export type LimitUse = z.infer<typeof LimitUse>;

/** Who would feel it if a step went wrong, by the catalogue's dependencies. */
export const BlastRadius = z.object({
  /** The services whose targets are touched. */
  touches: z.array(z.string()),
  /** Services that depend on those, directly or through others; `through` is the nearest one on the way. */
  felt: z.array(z.object({ service: z.string(), through: z.string(), criticality: z.string() })),
});
export type BlastRadius = z.infer<typeof BlastRadius>;

/**
 * What a runbook comes to for one incident: the one value that `runbooks plan` prints, an approver signs by its hash, the executor
 * carries out, and the postmortem shows. Limits are as they stood at `madeAt`; admission counts them again.
 */
export const Plan = z.object({
  incidentId: z.string(),
  runbook: z.string(),
  runbookHash: z.string(),
  actions: z.array(PlannedAction).min(1).max(20),
  /** Absent in plans of the first version. */
  limits: z.array(LimitUse).optional(),
  blastRadius: BlastRadius.optional(),
  /** Steps of the runbook that do not apply, by their place in it. */
  omitted: z.array(z.object({ step: z.string(), reason: z.string() })).optional(),
  verify: Verification.optional(),
  /** Epoch ms, database clock. */
  madeAt: z.number().optional(),
});
export type Plan = z.infer<typeof Plan>;

/** An action as the ledger holds it. */
export const Action = PlannedAction.extend({
  id: z.string(),
  incidentId: z.string(),
  generation: z.number().int(),
  service: z.string(),
  planHash: z.string(),
  state: ActionState,
  attempts: z.number().int(),
  admittedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
  detail: z.string().nullable(),
});
export type Action = z.infer<typeof Action>;

export const Approval = z.object({
  id: z.string(),
  incidentId: z.string(),
  planHash: z.string(),
  runbook: z.string(),
  summary: z.string(),
  /** How many different people must agree. */
  required: z.number().int().min(1),
  requestedBy: z.string(),
  requestedAt: z.number(),
  expiresAt: z.number(),
  state: z.enum(['pending', 'approved', 'rejected', 'expired', 'used']),
});
export type Approval = z.infer<typeof Approval>;
