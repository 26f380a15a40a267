/** One service with two signals that go wrong together: enough for an incident, and for an alert of the same rule. */
export type Trial = {
  service: string;
  /** `acted`: a runbook fits, and its action comes to us; `paged`: none does, and somebody is told. */
  kind: 'acted' | 'paged';
  metrics: [string, string];
  flipped: boolean;
  flippedAt: number;
  /** When what came (performance.now()). */
  actionAt: number | null;
  pageAt: number | null;
  alertAt: number | null;
};

const metricsOf = {
  // As `classify` reads names: the first are a service that is down, the others one that is slow.
  acted: ['bench_availability_loss', 'bench_health_loss'],
  paged: ['bench_latency', 'bench_response_time'],
} as const;

export const makeTrials = (kind: Trial['kind'], count: number): Trial[] =>
  Array.from({ length: count }, (_, i) => ({
    service: `bench-${kind}-${i}`,
    kind,
    metrics: [...metricsOf[kind]],
    flipped: false,
    flippedAt: 0,
    actionAt: null,
    pageAt: null,
    alertAt: null,
  }));

/** 100, give or take one; far above once flipped. */
export const valueOf = ({ flipped }: Trial, index: number): number => (flipped ? 5_000 : 100) + Math.sin(index * 1.7);

/** Percentile of some durations in ms, by nearest rank. */
export function percentile(values: number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? null;
}
