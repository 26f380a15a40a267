import type { IncidentType } from '@nightshift/types';

/** From the outside in: what users feel first outranks what may be its cause. */
const types: [IncidentType, RegExp][] = [
  ['service_down', /^(availability|available|health|healthy|up|alive|heartbeat|reachable)$/],
  ['high_error_rate', /^(errors?|5xx|failures?|failed|exceptions?)$/],
  ['high_latency', /^(latency|latencies|duration|response|rtt|p50|p90|p95|p99)$/],
  [
    'resource_exhaustion',
    /^(memory|mem|cpu|disk|heap|rss|swap|inodes?|connections?|pool|threads?|fds?|load|saturation|utili[sz]ation|usage|queue|backlog|lag|gc)$/,
  ],
  // An error budget that nobody called after anything else.
  ['high_error_rate', /^burn$/],
];

/** What kind of trouble a metric's name speaks of: `http_error_ratio` of errors, `up` of a service that is down. */
export function classifyMetric(metric: string): IncidentType {
  // How much is asked says nothing about how well it is answered.
  if (metric.endsWith(':rate')) return 'unknown';
  // Whole words only: `uptime` is not `up`, `startup_duration` speaks of a duration.
  const words = metric
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return types.find(([, word]) => words.some((each) => word.test(each)))?.[0] ?? 'unknown';
}

/** The kind of an incident: the highest rank among its metrics. Down outranks errors, errors latency, latency resources. */
export function classify(metrics: string[]): IncidentType {
  const found = new Set(metrics.map(classifyMetric));
  return types.find(([type]) => found.has(type))?.[0] ?? 'unknown';
}
