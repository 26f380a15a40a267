/** One finished request as its client saw it. `status` 0: no answer at all. */
export type Seen = {
  status: number;
  latencyMs: number;
  checkout?: { paid: boolean; declined: boolean; items: number };
};

/** With fewer requests than this a ratio says little: the report waits for more. */
const leastRequests = 10;

/** Collects finished requests and turns them into the values of one report. */
export type Window = {
  add(seen: Seen): void;
  /** Metric values since the last report, or null while too few requests have finished. Ratios without a denominator are left out. */
  take(elapsedMs: number): Record<string, number> | null;
};

/** What a client sees of the shop, as ratios rather than rates: a machine that pauses for a second changes none of them. */
export function createWindow(): Window {
  let seen: Seen[] = [];
  let sinceMs = 0;
  return {
    add: (request) => void seen.push(request),
    take(elapsedMs) {
      sinceMs += elapsedMs;
      if (seen.length < leastRequests) return null;
      const values = summarise(seen, sinceMs / 1_000);
      seen = [];
      sinceMs = 0;
      return values;
    },
  };
}

function summarise(seen: Seen[], seconds: number): Record<string, number> {
  const answered = seen.filter((request) => request.status > 0);
  const attempts = seen.filter((request) => request.checkout);
  const paid = attempts.filter((request) => request.checkout!.paid);
  const settled = attempts.filter((request) => request.status === 200);
  const latencies = answered.map((request) => request.latencyMs).sort((a, b) => a - b);
  const values: Record<string, number> = {
    availability: answered.length / seen.length,
    requests_per_second: seen.length / seconds,
    orders_per_second: paid.length / seconds,
  };
  if (answered.length > 0) {
    values.http_error_ratio = answered.filter((request) => request.status >= 500).length / answered.length;
    values.http_latency_p95_ms = latencies[Math.floor(latencies.length * 0.95)]!;
  }
  if (attempts.length > 0) values.checkout_success_ratio = paid.length / attempts.length;
  if (settled.length > 0) {
    values.payment_declined_ratio = settled.filter((request) => request.checkout!.declined).length / settled.length;
    values.basket_items = settled.reduce((sum, request) => sum + request.checkout!.items, 0) / settled.length;
  }
  return values;
}
