/** What an incident is, by rules over its signals, their labels and typed facts. */
import { z } from 'zod';
import { checked, checkFact, checkLabel, checkStatus, type Found } from './conditions.ts';
import { CheckName } from './diagnostic.ts';
import { CheckedCondition, IncidentType } from './incident.ts';
import { inputLimits } from './limits.ts';
import { ExactName } from './name.ts';
import { FactCondition } from './runbook.ts';

const words = z
  .array(z.string().regex(/^[a-z0-9]{1,64}$/, 'must be one word: lower case letters and digits'))
  .min(1)
  .max(100);

/** Says what an incident is, where all its conditions hold. */
export const ClassificationRule = z
  .strictObject({
    id: ExactName,
    type: IncidentType,
    /** What it was taken for until now (at first: unknown); absent: anything. */
    from: z.array(IncidentType).min(1).max(IncidentType.options.length).optional(),
    /** Whole words, of which the name of some anomalous series, or of some alert, has one. */
    metrics: words.optional(),
    /** The same of alerts alone: those that another system raised. */
    alerts: words.optional(),
    /** Labels that some of the series or alerts carry, each with exactly this value. */
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
    (rule) =>
      rule.metrics || rule.alerts || rule.status.length + rule.facts.length + Object.keys(rule.labels).length > 0,
    {
      message: 'must have a condition: metrics, alerts, labels, status or facts',
    },
  );
export type ClassificationRule = z.infer<typeof ClassificationRule>;

/** classification.yaml: the first rule that fits counts; where none does, an incident stays what it was taken for. */
export const Classification = z
  .strictObject({
    schema: z.literal(1),
    /** Whether the rules that ship come after these. One of them with an id that is declared here gives way to it. */
    shipped: z.boolean().default(true),
    rules: z.array(ClassificationRule).max(200),
  })
  .superRefine(({ rules }, ctx) => {
    const seen = new Set<string>();
    rules.forEach(({ id }, i) => {
      if (seen.has(id))
        ctx.addIssue({ code: 'custom', path: ['rules', i, 'id'], message: `"${id}" is declared twice` });
      seen.add(id);
    });
  });
export type Classification = z.infer<typeof Classification>;

/** Rules in the order in which they count. */
export type ClassificationRules = readonly ClassificationRule[];

/** Something that is wrong, by its name: an anomalous series, or an alert that another system raised. */
export type NamedSignal = { metric: string; labels: Record<string, string>; alert?: boolean };

/** What an incident is taken for, by which rule (null: none fits) and which conditions held. */
export const Classified = z.object({
  type: IncidentType,
  rule: z.string().nullable(),
  conditions: z.array(CheckedCondition),
});
export type Classified = z.infer<typeof Classified>;

/** The same once a rule has said otherwise. */
export type Reclassified = Classified & { rule: string };

/** What signals speak of by themselves, before anything was looked at. */
export const classify = (rules: ClassificationRules, signals: NamedSignal[]): Classified =>
  reclassify(rules, { type: 'unknown', signals, diagnostics: [] }) ?? { type: 'unknown', rule: null, conditions: [] };

/** The first rule that fits, where it says something else than what the incident is taken for (`type`); null: it stays. */
export function reclassify(
  rules: ClassificationRules,
  known: { type: IncidentType; signals: NamedSignal[]; diagnostics: Found[] },
): Reclassified | null {
  for (const rule of rules) {
    const conditions = conditionsOf(rule, known);
    if (!conditions.every(({ holds }) => holds)) continue;
    return rule.type === known.type ? null : { type: rule.type, rule: rule.id, conditions };
  }
  return null;
}

function conditionsOf(
  rule: ClassificationRule,
  { type, signals, diagnostics }: Parameters<typeof reclassify>[1],
): CheckedCondition[] {
  const labels = signals.map((signal) => signal.labels);
  const alerts = signals.filter(({ alert }) => alert);
  return [
    ...(rule.from ? [checked(`type ${rule.from.join(' or ')}`, type, rule.from.includes(type))] : []),
    ...(rule.metrics ? [checkName('a signal', rule.metrics, signals)] : []),
    ...(rule.alerts ? [checkName('an alert', rule.alerts, alerts)] : []),
    ...Object.entries(rule.labels).map(([name, value]) => checkLabel(name, value, labels)),
    ...rule.status.map((wanted) => checkStatus(wanted, diagnostics)),
    ...rule.facts.map((wanted) => checkFact(wanted, diagnostics)),
  ];
}

/** Whether a name has one of the words; the condition then says which. */
function checkName(what: string, wanted: string[], signals: NamedSignal[]): CheckedCondition {
  for (const { metric } of signals) {
    const word = wordsOf(metric).find((each) => wanted.includes(each));
    if (word !== undefined) return checked(`${what} called ${word}`, metric, true);
  }
  const actual = signals.map(({ metric }) => metric).join(', ') || 'none';
  return checked(`${what} called ${wanted.join(', ')}`, actual, false);
}

/** The words of a name, whole ones only: `uptime` is not `up`, `startup_duration` speaks of a duration. */
function wordsOf(metric: string): string[] {
  // How much is asked says nothing about how well it is answered.
  if (metric.endsWith(':rate')) return [];
  return metric
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}
