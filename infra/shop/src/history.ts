import type { Sample } from './pusher.ts';
import { samplesOf } from './samples.ts';

/** Mean and spread of each metric in a healthy shop. */
const edge = {
  availability: [1, 0],
  requests_per_second: [45, 0.6],
  orders_per_second: [22, 0.4],
  http_error_ratio: [0, 0],
  http_latency_p95_ms: [210, 5],
  checkout_success_ratio: [0.98, 0.01],
  payment_declined_ratio: [0.02, 0.01],
  basket_items: [3, 0.05],
} satisfies Record<string, [mean: number, spread: number]>;

const api = {
  payment_pool_usage_ratio: [0.56, 0.04],
  payment_queue_length: [0, 0],
  receipt_disk_used_ratio: [0, 0],
  process_memory_mb: [85, 3],
  process_cpu_ratio: [0.04, 0.01],
  event_loop_delay_p95_ms: [21, 1],
} satisfies Record<string, [mean: number, spread: number]>;

/** One sample a second of every metric up to `until` (epoch ms), as a healthy shop would have sent them. The same every time. */
export function healthyHistory(until: number, seconds: number): Sample[] {
  const random = generator(7);
  const around = (profile: Record<string, [number, number]>) =>
    Object.fromEntries(
      Object.entries(profile).map(([name, [mean, spread]]) => [name, Math.max(0, mean + spread * (random() * 2 - 1))]),
    );
  return Array.from({ length: seconds }, (_, i) => until - (seconds - i) * 1_000).flatMap((at) => [
    ...samplesOf(around(edge), 'edge', at),
    ...samplesOf(around(api), 'api', at),
  ]);
}

/** mulberry32: small, seeded, good enough for noise. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
