import { z } from 'zod';
import { Severity } from './anomaly.ts';
import { FactChange } from './fact-changes.ts';

export const IncidentState = z.enum([
  'open',
  'diagnosing',
  'deciding',
  'awaiting_approval',
  'remediating',
  'verifying',
  'escalated',
  'resolved',
  'closed',
]);
export type IncidentState = z.infer<typeof IncidentState>;

/** Every allowed move. A person may resolve from any state that is not final. */
export const transitions: Record<IncidentState, readonly IncidentState[]> = {
  open: ['diagnosing', 'escalated', 'resolved'],
  diagnosing: ['deciding', 'escalated', 'resolved'],
  deciding: ['awaiting_approval', 'remediating', 'escalated', 'resolved'],
  awaiting_approval: ['remediating', 'escalated', 'resolved'],
  remediating: ['verifying', 'escalated', 'resolved'],
  verifying: ['resolved', 'deciding', 'escalated'],
  escalated: ['resolved'],
  resolved: ['closed', 'diagnosing', 'escalated'],
  closed: [],
};

/** What kind of trouble it is; decides which runbooks are considered. */
export const IncidentType = z.enum([
  'high_error_rate',
  'high_latency',
  'service_down',
  'resource_exhaustion',
  'unknown',
]);
export type IncidentType = z.infer<typeof IncidentType>;

/** Who or what ended it: our action, a person, nobody (it healed by itself), or it never was one. */
export const Resolution = z.enum(['automated', 'person', 'self', 'false_positive']);
export type Resolution = z.infer<typeof Resolution>;

export const Incident = z.object({
  id: z.string(),
  /** One open incident per fingerprint. Today: `service:<name>`. */
  fingerprint: z.string(),
  service: z.string(),
  title: z.string(),
  type: IncidentType,
  severity: Severity,
  state: IncidentState,
  version: z.number().int(),
  /** Counts the stages set in motion; part of every job id. */
  generation: z.number().int(),
  /** How often a remedy was decided on, and how often it was reopened; both are bounded. */
  decisions: z.number().int(),
  reopens: z.number().int(),
  /** When the first sample left its band, when we opened, when the last action took effect, when it was resolved (epoch ms). */
  onsetAt: z.number(),
  openedAt: z.number(),
  actedAt: z.number().nullable(),
  resolvedAt: z.number().nullable(),
  deadlineAt: z.number().nullable(),
  resolution: Resolution.nullable(),
  acknowledgedBy: z.string().nullable(),
  acknowledgedAt: z.number().nullable(),
  runbook: z.string().nullable(),
});
export type Incident = z.infer<typeof Incident>;

/** A job that an incident sets in motion; each stage belongs to one service. */
export const Stage = z.enum(['diagnose', 'remediate', 'verify', 'escalate', 'postmortem']);
export type Stage = z.infer<typeof Stage>;

/** One condition of a runbook and how it was found, in words. */
export const CheckedCondition = z.object({ condition: z.string(), actual: z.string(), holds: z.boolean() });
export type CheckedCondition = z.infer<typeof CheckedCondition>;

/** A runbook that was looked at and not taken: every reason in one sentence, and its conditions one by one. */
export const Considered = z.object({
  runbook: z.string(),
  reason: z.string(),
  conditions: z.array(CheckedCondition).optional(),
});
export type Considered = z.infer<typeof Considered>;

/** Why a runbook fits, and why the others were not taken; absent in events of the first version. */
const grounds = {
  conditions: z.array(CheckedCondition).optional(),
  considered: z.array(Considered).optional(),
};

/** What an incident is taken for, by which rule (null: none fits), and what held; absent in events of the first version. */
const classified = {
  type: IncidentType.optional(),
  rule: z.string().nullable().optional(),
  conditions: z.array(CheckedCondition).optional(),
};

/** Everything that can happen to an incident. Recorded as it happens; the timeline is nothing else. */
export const IncidentEvent = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('opened'),
    reason: z.string(),
    anomalies: z.array(z.object({ metric: z.string(), value: z.number(), expected: z.number(), severity: Severity })),
    ...classified,
  }),
  z.object({
    kind: z.literal('anomaly_joined'),
    /** Where it is a symptom elsewhere: the service, which depends on the incident's. */
    service: z.string().optional(),
    metric: z.string(),
    value: z.number(),
    expected: z.number(),
    severity: Severity,
    ...classified,
    title: z.string().optional(),
  }),
  z.object({
    kind: z.literal('reopened'),
    reason: z.string(),
    ...classified,
    severity: Severity.optional(),
    title: z.string().optional(),
  }),
  /** Who may be the cause, the likeliest first. `incidentId`: where it has an open incident of its own. */
  z.object({
    kind: z.literal('suspects'),
    suspects: z.array(
      z.object({
        service: z.string(),
        score: z.number(),
        reasons: z.array(z.string()),
        incidentId: z.string().optional(),
      }),
    ),
  }),
  z.object({
    kind: z.literal('diagnosed'),
    results: z.array(z.object({ check: z.string(), target: z.string(), status: z.string(), summary: z.string() })),
  }),
  /** The checks again after an action: what they found then, and which facts are different. `generation` is that of their rows. */
  z.object({
    kind: z.literal('rechecked'),
    results: z.array(z.object({ check: z.string(), target: z.string(), status: z.string(), summary: z.string() })),
    changes: z.array(FactChange),
    generation: z.number().int(),
  }),
  /** What it is was seen differently once facts were in. */
  z.object({
    kind: z.literal('classified'),
    was: IncidentType,
    type: IncidentType,
    rule: z.string(),
    conditions: z.array(CheckedCondition),
  }),
  z.object({
    kind: z.literal('runbook_chosen'),
    runbook: z.string(),
    hash: z.string(),
    planHash: z.string(),
    summary: z.string(),
    ...grounds,
    considered: z.array(Considered).default([]),
  }),
  z.object({
    kind: z.literal('approval_requested'),
    runbook: z.string(),
    hash: z.string(),
    planHash: z.string(),
    approvalId: z.string(),
    summary: z.string(),
    expiresAt: z.number(),
    ...grounds,
  }),
  z.object({
    kind: z.literal('no_runbook'),
    reason: z.string(),
    considered: z.array(Considered).default([]),
  }),
  z.object({ kind: z.literal('approved'), approvalId: z.string(), by: z.string() }),
  z.object({ kind: z.literal('rejected'), approvalId: z.string(), by: z.string(), reason: z.string() }),
  z.object({
    kind: z.literal('action_started'),
    actionId: z.string(),
    step: z.number().int(),
    type: z.string(),
    target: z.string(),
    attempt: z.number().int(),
    summary: z.string(),
  }),
  z.object({
    kind: z.literal('action_finished'),
    actionId: z.string(),
    step: z.number().int(),
    type: z.string(),
    target: z.string(),
    outcome: z.enum(['succeeded', 'failed', 'denied', 'unknown', 'observed']),
    detail: z.string(),
  }),
  /** The executor waits for a fact: diagnostics look again meanwhile. */
  z.object({ kind: z.literal('look_wanted'), detail: z.string() }),
  z.object({ kind: z.literal('remediated'), detail: z.string() }),
  z.object({
    kind: z.literal('remedy_failed'),
    outcome: z.enum(['failed', 'denied', 'unknown', 'observed']),
    detail: z.string(),
    /** Where it failed before anything was tried: the runbook that would have acted, and its plan. */
    runbook: z.string().optional(),
    hash: z.string().optional(),
    planHash: z.string().optional(),
    ...grounds,
  }),
  z.object({ kind: z.literal('recovered'), detail: z.string(), freshSamples: z.number().int(), since: z.number() }),
  z.object({ kind: z.literal('not_recovered'), detail: z.string() }),
  z.object({ kind: z.literal('deadline_passed'), state: IncidentState }),
  z.object({
    kind: z.literal('paged'),
    channel: z.string(),
    recipient: z.string(),
    level: z.number().int(),
    dedupKey: z.string(),
    detail: z.string(),
  }),
  z.object({
    kind: z.literal('page_failed'),
    channel: z.string(),
    recipient: z.string(),
    level: z.number().int(),
    detail: z.string(),
  }),
  z.object({ kind: z.literal('acknowledged'), by: z.string() }),
  z.object({ kind: z.literal('resolved_by_person'), by: z.string(), reason: z.string().default('') }),
  z.object({ kind: z.literal('marked_false_positive'), by: z.string(), reason: z.string().default('') }),
  z.object({ kind: z.literal('postmortem_written'), summary: z.string() }),
  z.object({ kind: z.literal('note'), by: z.string(), text: z.string() }),
]);
export type IncidentEvent = z.infer<typeof IncidentEvent>;

/** One row of the append-only timeline. `actor` is a service's name or a person. */
export const TimelineEntry = z.object({
  incidentId: z.string(),
  seq: z.number().int(),
  at: z.number(),
  actor: z.string(),
  /** The states before and after, where the event moved the incident. */
  from: IncidentState.nullable(),
  to: IncidentState.nullable(),
  event: IncidentEvent,
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;
