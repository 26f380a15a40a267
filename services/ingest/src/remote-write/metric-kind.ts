import type { MetricKind } from '@nightshift/types';

/**
 * Types of metrics, the same numbers in both versions (prompb/types.proto, io.prometheus.write.v2). A gauge histogram's buckets
 * go up and down; of info and state sets each sample is a gauge.
 */
const kinds: (MetricKind | undefined)[] = [
  'unknown',
  'counter',
  'gauge',
  'histogram',
  'gauge',
  'summary',
  'gauge',
  'gauge',
];

/** Notes the kind of a metric, that of a distribution under the name that its parts share. */
export function noteKind(into: Map<string, MetricKind>, metric: string, type: number): void {
  const kind = kinds[type];
  if (!kind || metric === '') return;
  const shared = kind === 'histogram' || kind === 'summary';
  into.set(shared ? metric.replace(/_(bucket|sum|count)$/, '') : metric, kind);
}
