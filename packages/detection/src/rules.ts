import { DetectionRule, type DetectionConfig, type Labels, type MetricKind, type Threshold } from '@nightshift/types';
import { defaultsOf } from './signals/defaults.ts';

/** How one series is judged. */
export type Rule = Omit<DetectionRule, 'metric' | 'service' | 'match' | 'kind' | 'threshold'> & {
  kind: 'gauge' | 'counter';
  threshold?: Limit | undefined;
};

/** A fixed limit; `words` say what the figure means. */
export type Limit = Threshold & { words?: string };

/** What a rule can ask of a series. */
export type RuleSubject = { metric: string; service?: string; labels?: Labels };

const fallback = DetectionRule.parse({ metric: '*' });

/** The first rule that fits a series in metric, service and labels. */
export function findRule(
  rules: DetectionConfig['rules'],
  { metric, service = '', labels = {} }: RuleSubject,
): DetectionRule | undefined {
  return rules.find(
    (rule) =>
      matches(rule.metric, metric) &&
      (rule.service === undefined || matches(rule.service, service)) &&
      Object.entries(rule.match).every(([label, pattern]) => matches(pattern, labels[label] ?? '')),
  );
}

/**
 * The rule of a series: the first that fits, else the defaults, those of derived signals among them. What it leaves open, the sender says
 * (`said`), else the name: `_total` is a counter.
 */
export function ruleFor(config: DetectionConfig, subject: RuleSubject, said?: MetricKind): Rule {
  const { metric } = subject;
  const { unruled, always } = defaultsOf(config, metric);
  const rule = { ...(findRule(config.rules, subject) ?? { ...fallback, ...unruled }), ...always };
  const byName = metric.endsWith('_total') ? 'counter' : 'gauge';
  const kind = [rule.kind, said].find((each) => each === 'counter' || each === 'gauge');
  return { ...rule, kind: kind ?? byName };
}

/** The same where no more than its metric is known of a series. Remembers answers. */
export function ruleBook(config: DetectionConfig): (metric: string) => Rule {
  const known = new Map<string, Rule>();
  return (metric) => {
    let rule = known.get(metric);
    if (!rule) known.set(metric, (rule = ruleFor(config, { metric })));
    return rule;
  };
}

/** Whether falling below (`down`) or rising above (`up`) its band is harm for this metric. */
export function harms(rule: Rule, direction: 'up' | 'down'): boolean {
  return rule.harm === 'both' || rule.harm === direction;
}

/** The sides that are harm by a rule, its fixed limit included: recovery waits for no other. */
export function harmfulSides({ harm, judge, threshold }: Rule): { up: boolean; down: boolean } {
  const learned = (side: 'up' | 'down') => judge && (harm === 'both' || harm === side);
  return {
    up: learned('up') || threshold?.above !== undefined,
    down: learned('down') || threshold?.below !== undefined,
  };
}

export function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
