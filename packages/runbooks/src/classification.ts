/** What an incident is, by rules over its signals, labels and facts. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { metricWords, wordsOf } from '@nightshift/detection';
import { fingerprint, loadYaml, watchLoaded, type Loaded, type Logger, type Watched } from '@nightshift/runtime';
import { Classification, type CheckedCondition, type ClassificationRule, type IncidentType } from '@nightshift/types';
import { checked, checkFact, checkLabel, checkStatus, type Found } from './conditions.ts';

export type Signal = { metric: string; labels: Record<string, string> };
export type Evidence = { type: IncidentType; signals: Signal[]; diagnostics: Found[] };
export type Classified = { type: IncidentType; rule: string; conditions: CheckedCondition[] };

/**
 * Where there is no classification.yaml: what metrics are called, as the detector does at the opening; and, of what nothing is known
 * yet, that nobody answers, or that its database is in trouble. What users feel is never explained away by a fact.
 */
export const defaultClassification: Classification = Classification.parse({
  schema: 1,
  rules: [
    ...metricWords.map(({ type, words }, i) => ({
      id: `metric-names-${i + 1}`,
      type,
      from: ['unknown'],
      metrics: words,
    })),
    {
      id: 'nobody-answers',
      type: 'service_down',
      from: ['unknown'],
      status: [{ check: 'http_probe', is: 'down' }],
      facts: [{ check: 'http_probe', fact: 'connected', value: false }],
    },
    {
      id: 'no-connection',
      type: 'service_down',
      from: ['unknown'],
      facts: [{ check: 'tcp_probe', fact: 'connected', value: false }],
    },
    {
      id: 'database-in-trouble',
      type: 'high_latency',
      from: ['unknown'],
      status: [{ check: 'database_connections', is: 'degraded' }],
    },
  ],
});

const fileOf = (configDir: string) => join(configDir, 'classification.yaml');

/** classification.yaml of a configuration folder, or the default where there is none. */
export async function loadClassification(configDir: string): Promise<Loaded<Classification>> {
  const present = await access(fileOf(configDir)).then(
    () => true,
    () => false,
  );
  return present
    ? loadYaml(fileOf(configDir), Classification)
    : { ok: true, value: defaultClassification, hash: 'default' };
}

/** Follows it as it changes; a broken edit leaves the last good one in force, removing the file brings back the default. */
export const watchClassification = (configDir: string, log: Logger): Promise<Watched<Classification>> =>
  watchLoaded({
    name: fileOf(configDir),
    fingerprint: () => fingerprint(fileOf(configDir)),
    load: () => loadClassification(configDir),
    log,
  });

/** The first rule that fits and says something else than what it is taken for, with the conditions that hold; null: it stays. */
export function reclassify({ rules }: Classification, evidence: Evidence): Classified | null {
  for (const rule of rules) {
    const conditions = checkRule(rule, evidence);
    if (!conditions.every(({ holds }) => holds)) continue;
    return rule.type === evidence.type ? null : { type: rule.type, rule: rule.id, conditions };
  }
  return null;
}

function checkRule(rule: ClassificationRule, { type, signals, diagnostics }: Evidence): CheckedCondition[] {
  const labels = signals.map((signal) => signal.labels);
  return [
    ...(rule.from ? [checked(`type ${rule.from.join(' or ')}`, type, rule.from.includes(type))] : []),
    ...(rule.metrics ? [checkMetrics(rule.metrics, signals)] : []),
    ...Object.entries(rule.labels).map(([name, value]) => checkLabel(name, value, labels)),
    ...rule.status.map((wanted) => checkStatus(wanted, diagnostics)),
    ...rule.facts.map((wanted) => checkFact(wanted, diagnostics)),
  ];
}

function checkMetrics(words: string[], signals: Signal[]): CheckedCondition {
  const found = signals.find(({ metric }) => wordsOf(metric).some((word) => words.includes(word)));
  const actual = found?.metric ?? (signals.map(({ metric }) => metric).join(', ') || 'without a signal');
  return checked(`a metric called ${words.join(', ')}`, actual, found !== undefined);
}
