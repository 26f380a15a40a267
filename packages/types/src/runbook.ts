import { z } from 'zod';
import { ActionParam, ActionType, StepEnd, Verification } from './action.ts';
import { Severity } from './anomaly.ts';
import { checkCatalogue, factType, isBuiltIn } from './check-catalogue.ts';
import { CheckName } from './diagnostic.ts';
import { IncidentType } from './incident.ts';
import { actionLimits, inputLimits, stateDeadlinesMs } from './limits.ts';
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
    value: z.union([z.number(), z.string().max(1_024), z.boolean()], {
      error: 'must be a finite number, a text of at most 1024 characters, true or false',
    }),
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

const paramWords =
  'must be a text, a finite number, true or false, or from a fact: { check, fact, min, max } of a number, { check, fact, oneOf } of a text';

/** A parameter taken from a fact when the plan is made; refused where the fact is not known, not one value, or out of bounds. */
export const FactParam = z.union(
  [
    z.strictObject({
      check: CheckName,
      fact: z.string().min(1).max(64),
      plus: z.number().default(0),
      min: z.number(),
      max: z.number(),
    }),
    z.strictObject({
      check: CheckName,
      fact: z.string().min(1).max(64),
      oneOf: z.array(z.string().max(1_024)).min(1).max(50),
    }),
  ],
  { error: paramWords },
);
export type FactParam = z.infer<typeof FactParam>;

const waitMs = z
  .number()
  .int()
  .min(1_000)
  .max(stateDeadlinesMs.remediating / 2);

/** Not before this: so long after the step before, or when a fresh look finds a fact as wanted; not in time is a failure of the step. */
const WaitUntil = z.union([z.strictObject({ afterMs: waitMs }), FactCondition.safeExtend({ withinMs: waitMs })], {
  error: `must be { afterMs } or { check, fact, op, value, withinMs }, times from 1000 to ${stateDeadlinesMs.remediating / 2}`,
});

const plainStep = {
  /** How other steps refer to this one. */
  id: ExactName.optional(),
  action: ActionType,
  /** A target id of the catalogue; absent: the one target of the incident's service that allows this action. */
  target: ExactName.optional(),
  params: z
    .record(z.string().min(1).max(64), z.union([...ActionParam.options, FactParam], { error: paramWords }))
    .default({}),
  timeoutMs: z.number().int().min(100).max(actionLimits.timeoutMs.max).default(actionLimits.timeoutMs.default),
  maxRetries: z.number().int().min(0).max(actionLimits.maxRetries.max).default(actionLimits.maxRetries.default),
  /** Before the first repeat; doubled before each further one. */
  backOffMs: z.number().int().min(100).max(actionLimits.backOffMs.max).default(actionLimits.backOffMs.default),
  when: z
    .strictObject({
      /** Otherwise the step is left out of the plan. */
      facts: z.array(FactCondition).max(20).default([]),
      /** How earlier steps ended; otherwise the step is skipped. */
      steps: z
        .array(z.strictObject({ step: ExactName, is: StepEnd }))
        .max(20)
        .default([]),
    })
    .optional(),
  waitUntil: WaitUntil.optional(),
  /** How a person undoes it, where the target cannot say. */
  undo: z.string().min(1).max(500).optional(),
};
const BranchStep = z.strictObject(plainStep);
export const RunbookStep = z.strictObject({
  ...plainStep,
  /** Done instead, in this order, when the step certainly failed. Not when it was denied, nor when its outcome is unknown. */
  onFailure: z.array(BranchStep).min(1).max(5).optional(),
});
export type RunbookStep = z.infer<typeof RunbookStep>;

export const Runbook = z
  .strictObject({
    schema: z.literal(1),
    id: ExactName,
    title: z.string().min(1).max(200),
    mode: RunbookMode.default('observe'),
    match: z.strictObject({
      /** One type, or any of several. */
      type: z.union([IncidentType, z.array(IncidentType).min(1).max(IncidentType.options.length)], {
        error: `must be one of ${IncidentType.options.join(', ')}, or a list of these`,
      }),
      services: z.array(ExactName).min(1).max(200).optional(),
      /** Absent: any. Whatever it says, only a critical is acted on without a person. */
      severity: z.array(Severity).min(1).max(2).optional(),
      /** Labels that some series of the incident must carry, each with exactly this value. */
      labels: z
        .record(z.string().min(1).max(inputLimits.labelNameChars), z.string().max(inputLimits.labelValueChars))
        .default({}),
      facts: z.array(FactCondition).max(50).default([]),
      /** Checks that must have found trouble, e.g. `disk_usage: degraded`. */
      status: z
        .array(z.strictObject({ check: CheckName, is: z.enum(['ok', 'degraded', 'down']) }))
        .max(50)
        .default([]),
    }),
    steps: z.array(RunbookStep).min(1).max(20),
    /** What must be seen before it counts as recovered, where that is more than detection.yaml says. */
    verify: Verification.optional(),
  })
  .superRefine(({ steps }, ctx) => {
    const seen = new Set<string>();
    const look = (step: z.infer<typeof BranchStep>, path: (string | number)[]) => {
      const add = (field: (string | number)[], message: string) =>
        ctx.addIssue({ code: 'custom', path: [...path, ...field], message });
      step.when?.steps.forEach((each, i) => {
        if (!seen.has(each.step))
          add(
            ['when', 'steps', i, 'step'],
            `must be the id of an earlier step: there is ${[...seen].join(', ') || 'none'}`,
          );
      });
      if (step.id !== undefined && seen.has(step.id)) add(['id'], `"${step.id}" is declared twice in this runbook`);
      if (step.id !== undefined) seen.add(step.id);
      for (const [name, value] of Object.entries(step.params)) {
        const mistake = typeof value === 'object' ? factParamMistake(value) : null;
        if (mistake) add(['params', name], mistake);
      }
    };
    steps.forEach((step, i) => {
      look(step, ['steps', i]);
      step.onFailure?.forEach((branch, j) => look(branch, ['steps', i, 'onFailure', j]));
    });
    const total = steps.reduce((sum, step) => sum + 1 + (step.onFailure?.length ?? 0), 0);
    if (total > 20)
      ctx.addIssue({
        code: 'custom',
        path: ['steps'],
        message: `must not be more than 20, onFailure included: there are ${total}`,
      });
  });
export type Runbook = z.infer<typeof Runbook>;

function factParamMistake(param: FactParam): string | null {
  if ('min' in param && param.min > param.max) return 'min must not be above max';
  if (!isBuiltIn(param.check)) return null;
  const [type, wanted] = [factType(param.check, param.fact), 'min' in param ? 'number' : 'string'];
  if (type === undefined)
    return `must name a fact of ${param.check}: ${Object.keys(checkCatalogue[param.check].facts.shape).join(', ')}`;
  return type === wanted ? null : `must name a ${wanted}: ${param.check}.${param.fact} is a ${type}`;
}
