import { z } from 'zod';
import { CheckName } from './diagnostic.ts';
import { IncidentType } from './incident.ts';
import { inputLimits } from './limits.ts';
import { ExactName } from './name.ts';
import { FactCondition } from './runbook.ts';

/** Says what an incident is, where all its conditions hold. */
export const ClassificationRule = z
  .strictObject({
    id: ExactName,
    type: IncidentType,
    /** What it was taken for until now; absent: anything. */
    from: z.array(IncidentType).min(1).max(IncidentType.options.length).optional(),
    /** Whole words, in lower case, of which the name of some anomalous series has one. */
    metrics: z
      .array(z.string().regex(/^[a-z0-9]{1,64}$/, 'must be one word: lower case letters and digits'))
      .min(1)
      .max(100)
      .optional(),
    labels: z
      .record(z.string().min(1).max(inputLimits.labelNameChars), z.string().max(inputLimits.labelValueChars))
      .default({}),
    status: z
      .array(z.strictObject({ check: CheckName, is: z.enum(['ok', 'degraded', 'down']) }))
      .max(50)
      .default([]),
    facts: z.array(FactCondition).max(50).default([]),
  })
  .refine(
    ({ metrics, labels, status, facts }) => metrics || status.length + facts.length + Object.keys(labels).length > 0,
    {
      message: 'must have a condition: metrics, labels, status or facts',
    },
  );
export type ClassificationRule = z.infer<typeof ClassificationRule>;

/** classification.yaml: the first rule that fits counts; where none does, an incident stays what it was taken for. */
export const Classification = z.strictObject({ schema: z.literal(1), rules: z.array(ClassificationRule).max(200) });
export type Classification = z.infer<typeof Classification>;
