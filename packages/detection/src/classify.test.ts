import { expect, test } from 'vitest';
import { classify, classifyMetric } from './classify.ts';

test.each([
  ['http_error_rate', 'high_error_rate'],
  ['http_5xx_total', 'high_error_rate'],
  ['http_error_ratio', 'high_error_rate'],
  ['api.errors', 'high_error_rate'],
  ['http_latency_p99_ms', 'high_latency'],
  ['response_time', 'high_latency'],
  ['http_request_duration_seconds', 'high_latency'],
  ['requestLatency', 'high_latency'],
  ['up', 'service_down'],
  ['shop_health', 'service_down'],
  ['availability', 'service_down'],
  ['memory_used_bytes', 'resource_exhaustion'],
  ['node_cpu', 'resource_exhaustion'],
  ['disk_usage', 'resource_exhaustion'],
  ['orders_per_minute', 'unknown'],
  ['uptime_seconds', 'unknown'],
  ['supply', 'unknown'],
  ['http_request_duration_seconds:p95', 'high_latency'],
  ['http_request_duration_seconds:rate', 'unknown'],
  ['checkout:burn_rate_1h', 'high_error_rate'],
  ['checkout_latency:burn_rate_1h', 'high_latency'],
])('%s speaks of %s', (metric, type) => expect(classifyMetric(metric)).toBe(type));

test('down outranks errors, errors latency, latency resources', () => {
  const metrics = ['cpu', 'latency_ms', 'error_rate', 'up'];
  const types = metrics.map((_, i) => classify(metrics.slice(0, i + 1).toReversed()));
  expect(types).toEqual(['resource_exhaustion', 'high_latency', 'high_error_rate', 'service_down']);
  expect(classify([])).toBe('unknown');
});
