import { DetectionRule, type DetectionConfig, type Labels, type MetricKind } from '@nightshift/types';

/** How one series is judged. */
export type Rule = Omit<DetectionRule, 'metric' | 'service' | 'match' | 'kind'> & { kind: 'gauge' | 'counter' };

/** What a rule can ask of a series. */
export type RuleSubject = { metric: string; service?: string; labels?: Labels };

const fallback = DetectionRule.parse({ metric: '*' });

/**
 * The rule of a series: the first that fits in metric, service and labels. What it leaves open, the sender says (`said`), else
 * the name: `_total` is a counter.
 */
export function ruleFor(rules: DetectionConfig['rules'], subject: RuleSubject, said?: MetricKind): Rule {
  const { metric, service = '', labels = {} } = subject;
  const found = rules.find(
    (rule) =>
      matches(rule.metric, metric) &&
      (rule.service === undefined || matches(rule.service, service)) &&
      Object.entries(rule.match).every(([label, pattern]) => matches(pattern, labels[label] ?? '')),
  );
  const rule = found ?? fallback;
  const byName = metric.endsWith('_total') ? 'counter' : 'gauge';
  return { ...rule, kind: rule.kind ?? (said === 'counter' || said === 'gauge' ? said : byName) };
}

/** The same where no more than its metric is known of a series. Remembers answers. */
export function ruleBook(rules: DetectionConfig['rules']): (metric: string) => Rule {
  const known = new Map<string, Rule>();
  return (metric) => {
    let rule = known.get(metric);
    if (!rule) known.set(metric, (rule = ruleFor(rules, { metric })));
    return rule;
  };
}

/** Whether falling below (`down`) or rising above (`up`) its band is harm for this metric. */
export function harms(rule: Rule, direction: 'up' | 'down'): boolean {
  return rule.harm === 'both' || rule.harm === direction;
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
