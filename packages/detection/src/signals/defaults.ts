import type { DetectionConfig, SloSignal } from '@nightshift/types';
import type { Limit } from '../rules.ts';
import { burnLimit } from './ratio.ts';
import { burnName, inWords } from './share.ts';

/** What of a rule a derived signal brings along. */
type Defaults = { harm?: 'up'; judge?: boolean; threshold?: Limit };

/**
 * How a derived signal is judged where no rule says otherwise: nobody is hurt when errors or latency fall, and of three quantiles of one histogram one
 * is judged, since they go up together. An objective is judged by its burn rate alone, whatever the rules say.
 */
export function defaultsOf({ ratios, slos }: DetectionConfig, metric: string): { unruled: Defaults; always: Defaults } {
  const burn = metric.includes(':burn_rate_') ? burnThreshold(slos, metric) : undefined;
  if (burn) return { unruled: {}, always: { harm: 'up', judge: false, threshold: burn } };
  if (/:(p50|p99)$/.test(metric)) return { unruled: { harm: 'up', judge: false }, always: {} };
  const rises = /:(p95|mean)$/.test(metric) || ratios.some(({ name }) => name === metric);
  return { unruled: rises ? { harm: 'up' } : {}, always: {} };
}

function burnThreshold(slos: SloSignal[], metric: string): Limit | undefined {
  for (const slo of slos) {
    for (const alert of slo.alerts) {
      if (burnName(slo, alert) !== metric) continue;
      const budget = `${Number((slo.objective * 100).toPrecision(6))} % over ${slo.windowDays} days`;
      const words = ` times as fast as its error budget lasts (${budget}), over ${inWords(alert.longMinutes)} and ${inWords(alert.shortMinutes)}`;
      return { above: burnLimit(slo, alert), forSeconds: 0, severity: alert.severity, words };
    }
  }
  return undefined;
}
