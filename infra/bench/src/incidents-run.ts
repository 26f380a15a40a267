import {
  correlate,
  createDetector,
  evidenceScore,
  evidenceWindow,
  ruleFor,
  youth,
  type Signal,
} from '@nightshift/detection';
import { DetectionConfig } from '@nightshift/types';

/** Series of one service, side by side: the value of series `s` at row `i`. */
export type Service = { name: string; at: ArrayLike<number>; series: number; value: (s: number, i: number) => number };

type CompositeRule = DetectionConfig['composite']['rule'];
const metric = 'value';

/**
 * Whether an incident would open at each row, by the detector and the correlation that the service runs, each row as if nothing were
 * open. By every rule in `rules`, on one run of the detector.
 */
export function replayService<R extends CompositeRule>(
  { name: service, at, series, value }: Service,
  detector: DetectionConfig['detector'],
  rules: readonly R[],
): Record<R, Uint8Array> {
  const judges = rules.map((rule) => ({
    config: DetectionConfig.parse({ schema: 1, detector, composite: { rule } }),
    alarms: new Uint8Array(at.length),
    tail: null as Parameters<typeof correlate>[0]['tail'],
  }));
  const { config } = judges[0]!;
  const windowMs = config.composite.windowSeconds * 1_000;
  const [judge, evidence, seriesRule] = [createDetector(config), evidenceWindow(windowMs), ruleFor(config, { metric })];
  for (let i = 0; i < at.length; i++) {
    const now = at[i]!;
    const signals: Signal[] = [];
    for (let s = 0; s < series; s++) {
      const verdict = judge.observe(s + 1, metric, now, value(s, i), seriesRule);
      evidence.note(s + 1, now, evidenceScore(config, seriesRule, now, verdict));
      const { state, severity = 'warning', score, episodeAt } = verdict;
      if (state === 'anomalous')
        signals.push({ seriesId: s + 1, service, metric, startedAt: episodeAt ?? now, lastAt: now, severity, score });
    }
    if (signals.length === 0) continue;
    const sum = evidence.sum(now);
    for (const each of judges) {
      const { action, tail } = correlate({
        service,
        now,
        signals,
        judgedSeries: series,
        youngSeries: series * youth(now - at[0]!),
        evidence: sum,
        tail: each.tail,
        rule: each.config.composite,
        open: null,
        causes: [],
        ended: null,
        silencedBy: () => null,
        speaksOf: () => 'unknown',
      });
      each.tail = tail;
      if (action === 'open') each.alarms[i] = 1;
    }
  }
  return Object.fromEntries(rules.map((rule, i) => [rule, judges[i]!.alarms])) as Record<R, Uint8Array>;
}
