/** Series such as a hundred instances of a few services have: what is sent in every benchmark. */
export type BenchSeries = { name: string; labels: Record<string, string>; counter: boolean; level: number };

const services = ['checkout', 'basket', 'search', 'payment', 'account', 'catalogue', 'shipping', 'mail'];
const gauges = [
  'http_latency_p95_ms',
  'queue_depth',
  'process_memory_mb',
  'cpu_utilisation',
  'http_error_ratio',
  'pool_connections',
  'cache_hit_ratio',
];
const counters = ['http_requests_total', 'bytes_sent_total', 'gc_runs_total'];
const metrics = [...gauges, ...counters];

/** `count` series, all different, seven gauges to three counters, with the labels that a scrape gives. */
export function makeSeries(count: number): BenchSeries[] {
  return Array.from({ length: count }, (_, i) => {
    const name = metrics[i % metrics.length]!;
    const instance = Math.floor(i / metrics.length);
    const service = services[instance % services.length]!;
    return {
      name,
      counter: counters.includes(name),
      level: 20 + noise(i, 0) * 200,
      labels: {
        instance: `10.${(instance >> 16) & 255}.${(instance >> 8) & 255}.${instance & 255}:9100`,
        job: service,
        namespace: 'production',
        pod: `${service}-7d9f8b6c5-${instance.toString(36).padStart(5, '0')}`,
        region: 'eu-west-1',
      },
    };
  });
}

/** The value of the series `index` at a step: around its level with 2% of noise, or that much more each step. */
export function valueAt(series: BenchSeries, index: number, step: number): number {
  const wobble = 1 + 0.04 * (noise(index, step) - 0.5);
  return Math.round(series.level * (series.counter ? step + wobble : wobble) * 1_000) / 1_000;
}

/** A number from 0 to 1, always the same for the same two: a 32-bit mix (the finalizer of MurmurHash3). */
function noise(a: number, b: number): number {
  let h = Math.imul(a + 1, 0x9e37_79b1) ^ Math.imul(b + 1, 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
