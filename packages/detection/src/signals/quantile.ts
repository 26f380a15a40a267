/**
 * The quantile of a classic histogram, by the rules of Prometheus' `histogram_quantile` (promql/quantile.go, bucketQuantile): linear
 * within its bucket, the lowest one beginning at 0; a quantile in the bucket of +Inf is the highest finite bound. `bounds` ascend and
 * end with Infinity, `counts` are cumulative; one that is lower than the one before it counts as that one (parts of one scrape may
 * come from different moments). NaN without observations or without two buckets.
 */
export function bucketQuantile(q: number, bounds: readonly number[], counts: readonly number[]): number {
  const last = bounds.length - 1;
  if (last < 1 || bounds[last] !== Infinity) return NaN;
  const rising = monotonic(counts);
  const total = rising[last]!;
  if (!(total > 0)) return NaN;
  const rank = q * total;
  const bucket = rising.findIndex((count) => count >= rank);
  if (bucket === last) return bounds[last - 1]!;
  if (bucket === 0 && bounds[0]! <= 0) return bounds[0]!;
  const [from, below] = bucket === 0 ? [0, 0] : [bounds[bucket - 1]!, rising[bucket - 1]!];
  // With q = 0 the bucket may be empty.
  const inBucket = rising[bucket]! - below || 1;
  return from + ((bounds[bucket]! - from) * (rank - below)) / inBucket;
}

function monotonic(counts: readonly number[]): number[] {
  let most = 0;
  return counts.map((count) => (most = Math.max(most, count)));
}
