import { alarmScore, findRule } from '@nightshift/detection';
import { DetectionRule, type ClassificationRules, type DetectionConfig } from '@nightshift/types';
import { strengthOf, wouldOpen, type PastAnomaly, type PastIncident } from './past.ts';

/** A sensitivity for one rule. `replaces`: the rule's place in `rules`; null: its metric has no rule yet. */
export type Proposal = {
  rule: DetectionRule;
  replaces: number | null;
  from: number;
  to: number;
  /** The false positives that this rule had a part in, and those that no longer open once it is applied. */
  falsePositives: string[];
  prevented: string[];
};

/** Why there is no proposal for a rule that had a part in false positives. */
export type Hopeless = { rule: DetectionRule; falsePositives: string[]; reason: string };

export type Tuning = {
  proposals: Proposal[];
  hopeless: Hopeless[];
  /** The present settings with all proposals applied. */
  changed: DetectionConfig;
  /** Incidents that cannot be decided again from what is recorded of them: they are left out. */
  undecided: string[];
};

/** As the schema has it. */
const leastSensitivity = 0.1;

/**
 * Proposes a lower sensitivity for each rule that had a part in incidents which people called false positives: the mildest that
 * prevents the most of them, and loses none of the others. Judged by what is recorded of the incidents, one rule after another, so
 * that the proposals hold together. Nothing is applied. Pure.
 */
export function proposeSensitivities(
  incidents: readonly PastIncident[],
  config: DetectionConfig,
  classification: ClassificationRules,
): Tuning {
  const strength = new Map(
    incidents.flatMap(({ anomalies }) => anomalies.map((each) => [each, strengthOf(each, config)])),
  );
  const opens = (incident: PastIncident, under: DetectionConfig) =>
    wouldOpen(incident, strength, under, classification);
  const decided = incidents.filter((incident) => opens(incident, config));
  const real = decided.filter(({ falsePositive }) => !falsePositive);
  let changed = config;
  const [proposals, hopeless]: [Proposal[], Hopeless[]] = [[], []];
  for (const group of groupsOf(
    decided.filter(({ falsePositive }) => falsePositive),
    config,
  )) {
    const still = group.incidents.filter((incident) => opens(incident, changed));
    let best: { to: number; under: DetectionConfig; prevented: PastIncident[] } | null = null;
    for (const to of candidates(group.anomalies, strength, group.rule.sensitivity)) {
      const under = withRule(changed, group, to);
      const prevented = still.filter((incident) => !opens(incident, under));
      if (prevented.length > (best?.prevented.length ?? 0) && real.every((incident) => opens(incident, under)))
        best = { to, under, prevented };
    }
    const falsePositives = group.incidents.map(({ id }) => id);
    const { rule, replaces } = group;
    if (best) {
      changed = best.under;
      const prevented = best.prevented.map(({ id }) => id);
      proposals.push({
        rule: { ...rule, sensitivity: best.to },
        replaces,
        from: rule.sensitivity,
        to: best.to,
        falsePositives,
        prevented,
      });
    } else if (still.length > 0)
      hopeless.push({ rule, falsePositives, reason: 'no sensitivity tells them from the incidents that were real' });
  }
  const undecided = incidents.filter((incident) => !decided.includes(incident)).map(({ id }) => id);
  return { proposals, hopeless, changed, undecided };
}

type Group = { rule: DetectionRule; replaces: number | null; incidents: PastIncident[]; anomalies: PastAnomaly[] };

/** The rules that had a part in these incidents; those with the most of them first. */
function groupsOf(incidents: PastIncident[], config: DetectionConfig): Group[] {
  const groups = new Map<string, Group>();
  for (const incident of incidents) {
    for (const anomaly of incident.anomalies) {
      if (anomaly.declared !== null) continue;
      const found = findRule(config.rules, anomaly);
      const replaces = found ? config.rules.indexOf(found) : null;
      const key = found ? `rule ${replaces}` : `metric ${anomaly.metric}`;
      const rule = found ?? DetectionRule.parse({ metric: anomaly.metric });
      const group = groups.get(key) ?? { rule, replaces, incidents: [], anomalies: [] };
      if (!group.incidents.includes(incident)) group.incidents.push(incident);
      group.anomalies.push(anomaly);
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .filter(({ rule }) => rule.judge)
    .toSorted((a, b) => b.incidents.length - a.incidents.length);
}

/** Sensitivities at which one anomaly after the other no longer fires, the mildest first; in hundredths. */
function candidates(anomalies: PastAnomaly[], strength: ReadonlyMap<PastAnomaly, number>, present: number): number[] {
  const all = anomalies.map((anomaly) => (Math.ceil((100 * alarmScore) / strength.get(anomaly)!) - 1) / 100);
  return [...new Set(all)].filter((each) => each < present && each >= leastSensitivity).toSorted((a, b) => b - a);
}

function withRule(config: DetectionConfig, { rule, replaces }: Group, sensitivity: number): DetectionConfig {
  const changed = { ...rule, sensitivity };
  // A metric without a rule: no other rule fits it, so the place does not matter.
  const rules = replaces === null ? [...config.rules, changed] : config.rules.with(replaces, changed);
  return { ...config, rules };
}
