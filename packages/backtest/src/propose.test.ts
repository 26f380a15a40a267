import { DetectionConfig, DetectionRule } from '@nightshift/types';
import { expect, test } from 'vitest';
import { proposeSensitivities as propose, type PastAnomaly, type PastIncident } from './index.ts';

const config = (rules: object[] = [], more: object = {}) =>
  DetectionConfig.parse({
    schema: 1,
    detector: 'adaptive',
    rules,
    composite: { rule: 'counts', criticals: 2 },
    ...more,
  });
/** What a metric's name speaks of makes no difference here. */
const proposeSensitivities = (incidents: PastIncident[], under: DetectionConfig) => propose(incidents, under, []);
const at = Date.UTC(2026, 0, 5);

/** An incident of critical series; `scores`: how far out each of its metrics was, where the band ends at 3. */
let made = 0;
function incident(scores: Record<string, number>, given: Partial<PastIncident> = {}): PastIncident {
  const id = `inc_${++made}`;
  const openedAt = at + made * 3_600_000;
  const service = given.service ?? 'shop';
  const anomalies = Object.entries(scores).map(([metric, score], i): PastAnomaly => ({
    seriesId: made * 10 + i,
    service,
    metric,
    labels: { service },
    startedAt: openedAt,
    lastAt: openedAt,
    value: 100 + 10 * score,
    expected: 100,
    low: 70,
    high: 130,
    score,
    severity: 'critical',
    declared: null,
  }));
  return { id, service, openedAt, falsePositive: false, judgedSeries: 4, anomalies, ...given };
}
const falsePositive = (scores: Record<string, number>) => incident(scores, { falsePositive: true });

test('the mildest sensitivity that prevents the false positives and loses none of the others', () => {
  const wrong = [falsePositive({ latency_ms: 4, errors: 9 }), falsePositive({ latency_ms: 5, errors: 8 })];
  const right = [incident({ latency_ms: 9, errors: 9 }), incident({ latency_ms: 7.5, errors: 12 })];
  const tuning = proposeSensitivities([...wrong, ...right], config());
  expect(tuning.proposals).toEqual([
    {
      rule: DetectionRule.parse({ metric: 'latency_ms', sensitivity: 0.59 }),
      replaces: null,
      from: 1,
      to: 0.59,
      falsePositives: wrong.map(({ id }) => id),
      prevented: wrong.map(({ id }) => id),
    },
  ]);
  expect(tuning.changed.rules).toEqual([tuning.proposals[0]!.rule]);
  expect(tuning).toMatchObject({ hopeless: [], undecided: [] });
});

test('a rule that is there is changed in its place, and keeps what else it says', () => {
  const rules = [{ metric: 'errors' }, { metric: 'latency*', service: 'shop', harm: 'up', sensitivity: 2 }];
  const { proposals, changed } = proposeSensitivities([falsePositive({ latency_ms: 4, errors: 9 })], config(rules));
  expect(proposals).toMatchObject([{ replaces: 1, from: 2, to: 1.49 }]);
  expect(changed.rules).toMatchObject([
    { metric: 'errors', sensitivity: 1 },
    { metric: 'latency*', service: 'shop', harm: 'up', sensitivity: 1.49 },
  ]);
});

test('proposals hold together: what one rule has prevented needs no second one, and nothing real is lost to both', () => {
  const wrong = [falsePositive({ a: 4, b: 4 }), falsePositive({ a: 4, c: 5 }), falsePositive({ b: 6, c: 5 })];
  const right = incident({ a: 9, b: 9, c: 9 });
  const { proposals } = proposeSensitivities([...wrong, right], config());
  expect(new Set(proposals.flatMap(({ prevented }) => prevented))).toEqual(new Set(wrong.map(({ id }) => id)));
  expect(proposals).toHaveLength(2);
});

test('where false positives look like the real ones there is no proposal, and it says so', () => {
  const tuning = proposeSensitivities(
    [falsePositive({ latency_ms: 9, errors: 9 }), incident({ latency_ms: 6, errors: 6 })],
    config(),
  );
  expect(tuning.proposals).toEqual([]);
  expect(tuning.hopeless.map(({ rule }) => rule.metric)).toEqual(['latency_ms', 'errors']);
  expect(tuning.changed).toEqual(config());
});

test('without false positives there is nothing to do; what cannot be decided again is named', () => {
  const alone = incident({ latency_ms: 9 });
  expect(proposeSensitivities([alone], config())).toMatchObject({ proposals: [], hopeless: [], undecided: [alone.id] });
});
