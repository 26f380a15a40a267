const derived: [ending: RegExp, words: (of: string, what: string) => string][] = [
  [/^(.+):(p\d+|mean)$/, (of, what) => `${what} of ${of}`],
  [/^(.+):(rate)$/, (of) => `${of} per second`],
  [/^(.+):burn_rate_(\d+[mhd])$/, (of, window) => `burn rate of ${of} over ${window}`],
  [/^(.+_total)()$/, (of) => `${of} per second`],
];

/** What is judged and charted under a metric's name, for people: `p95 of wait_seconds`, `http_requests_total per second`. */
export function signalName(metric: string): string {
  for (const [ending, words] of derived) {
    const found = ending.exec(metric);
    if (found) return words(found[1]!, found[2]!);
  }
  return metric;
}
