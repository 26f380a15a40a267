import type { IncidentType } from '@nightshift/types';

/**
 * Words in the names of metrics, and what they speak of: the reference's rules. From the outside in: what users feel first outranks
 * what may be its cause.
 */
export const metricWords: readonly { type: IncidentType; words: readonly string[] }[] = [
  { type: 'service_down', words: 'availability available health healthy up alive heartbeat reachable'.split(' ') },
  { type: 'high_error_rate', words: 'error errors 5xx failure failures failed exception exceptions'.split(' ') },
  { type: 'high_latency', words: 'latency latencies duration response rtt p50 p90 p95 p99'.split(' ') },
  {
    type: 'resource_exhaustion',
    words:
      'memory mem cpu disk heap rss swap inode inodes connection connections pool thread threads fd fds load saturation utilization utilisation usage queue backlog lag gc'.split(
        ' ',
      ),
  },
  // An error budget that nobody called after anything else.
  { type: 'high_error_rate', words: ['burn'] },
];

/** What kind of trouble a metric's name speaks of: `http_error_ratio` of errors, `up` of a service that is down. */
export function classifyMetric(metric: string): IncidentType {
  const found = wordsOf(metric);
  return metricWords.find(({ words }) => found.some((word) => words.includes(word)))?.type ?? 'unknown';
}

/** The words of a metric's name, whole ones only: `uptime` is not `up`, `startup_duration` speaks of a duration. */
export function wordsOf(metric: string): string[] {
  // How much is asked says nothing about how well it is answered.
  if (metric.endsWith(':rate')) return [];
  return metric
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** The kind of an incident: the highest rank among its metrics. Down outranks errors, errors latency, latency resources. */
export function classify(metrics: string[]): IncidentType {
  const found = new Set(metrics.map(classifyMetric));
  return metricWords.find(({ type }) => found.has(type))?.type ?? 'unknown';
}
