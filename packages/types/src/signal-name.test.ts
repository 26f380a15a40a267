import { expect, it } from 'vitest';
import { signalName } from './signal-name.ts';

it.each([
  ['wait_seconds:p95', 'p95 of wait_seconds'],
  ['wait_seconds:mean', 'mean of wait_seconds'],
  ['wait_seconds:rate', 'wait_seconds per second'],
  ['checkout:burn_rate_1h', 'burn rate of checkout over 1h'],
  ['http_requests_total', 'http_requests_total per second'],
  ['job:http_inprogress:sum', 'job:http_inprogress:sum'],
  ['latency_ms', 'latency_ms'],
])('%s is shown as %s', (metric, words) => expect(signalName(metric)).toBe(words));
