import { DetectionRule, type DetectionConfig } from '@nightshift/types';

export type Rule = Omit<DetectionRule, 'metric'>;

const fallback: Rule = DetectionRule.parse({ metric: '*' });

/** The rule of each metric: the first whose name matches exactly, or by its beginning where it ends in `*`. Remembers answers. */
export function ruleBook(rules: DetectionConfig['rules']): (metric: string) => Rule {
  const known = new Map<string, Rule>();
  return (metric) => {
    let rule = known.get(metric);
    if (!rule) {
      rule = rules.find((candidate) => matches(candidate.metric, metric)) ?? fallback;
      known.set(metric, rule);
    }
    return rule;
  };
}

/** Whether falling below (`down`) or rising above (`up`) its band is harm for this metric. */
export function harms(rule: Rule, direction: 'up' | 'down'): boolean {
  return rule.harm === 'both' || rule.harm === direction;
}

function matches(pattern: string, metric: string): boolean {
  return pattern.endsWith('*') ? metric.startsWith(pattern.slice(0, -1)) : metric === pattern;
}
