import { z } from 'zod';
import { ActionParams, ActionType } from './action.ts';
import { Severity } from './anomaly.ts';
import { checkCatalogue, factType, isBuiltIn } from './check-catalogue.ts';
import { CheckName } from './diagnostic.ts';
import { IncidentType } from './incident.ts';
import { actionLimits, inputLimits } from './limits.ts';
import { ExactName } from './name.ts';

/** `observe` says what it would do; `approve` asks; `auto` acts. */
export const RunbookMode = z.enum(['observe', 'approve', 'auto']);
export type RunbookMode = z.infer<typeof RunbookMode>;

/** A condition on one typed fact of one check. Where several targets were checked, any of them may satisfy it. */
export const FactCondition = z
  .strictObject({
    check: CheckName,
    fact: z.string().min(1).max(64),
    op: z.enum(['=', '!=', '>', '>=', '<', '<=']).default('='),
    value: z.union([z.number(), z.string().max(1_024), z.boolean()]),
  })
  .superRefine(({ check, fact, op, value }, ctx) => {
    const add = (field: string, message: string) => ctx.addIssue({ code: 'custom', path: [field], message });
    if (!isBuiltIn(check)) return; // the catalogue declares the facts of a service's own checks
    const type = factType(check, fact);
    if (type === undefined) {
      const known = Object.keys(checkCatalogue[check].facts.shape).join(', ');
      return add('fact', `must be a fact of ${check}: ${known}`);
    }
    if (typeof value !== type) return add('value', `must be a ${type}, as ${check}.${fact} is`);
    if (type !== 'number' && op !== '=' && op !== '!=') add('op', `must be "=" or "!=": only numbers are ordered`);
  });
export type FactCondition = z.infer<typeof FactCondition>;

export const RunbookStep = z.strictObject({
  action: ActionType,
  /** A target id of the catalogue; absent: the one target of the incident's service that allows this action. */
  target: ExactName.optional(),
  params: ActionParams.default({}),
  timeoutMs: z.number().int().min(100).max(actionLimits.timeoutMs.max).default(actionLimits.timeoutMs.default),
  maxRetries: z.number().int().min(0).max(actionLimits.maxRetries.max).default(actionLimits.maxRetries.default),
});
export type RunbookStep = z.infer<typeof RunbookStep>;

export const Runbook = z.strictObject({
  schema: z.literal(1),
  id: ExactName,
  title: z.string().min(1).max(200),
  mode: RunbookMode.default('observe'),
  match: z.strictObject({
    type: IncidentType,
    services: z.array(ExactName).min(1).optional(),
    /** Absent: any. Whatever it says, only a critical is acted on without a person. */
    severity: z.array(Severity).min(1).optional(),
    /** Labels that some series of the incident must carry, each with exactly this value. */
    labels: z
      .record(z.string().min(1).max(inputLimits.labelNameChars), z.string().max(inputLimits.labelValueChars))
      .default({}),
    facts: z.array(FactCondition).default([]),
    /** Checks that must have found trouble, e.g. `disk_usage: degraded`. */
    status: z.array(z.strictObject({ check: CheckName, is: z.enum(['ok', 'degraded', 'down']) })).default([]),
  }),
  steps: z.array(RunbookStep).min(1).max(20),
});
export type Runbook = z.infer<typeof Runbook>;
