import type { RatioSignal, SloSignal } from '@nightshift/types';

/** What was counted in a window. */
export type Counted = { errors: number; requests: number };

/** The share of errors; null below the least traffic that it takes to judge. */
export function ratioOf({ errors, requests }: Counted, minRequests: number): number | null {
  return requests > 0 && requests >= minRequests ? Math.max(0, errors) / requests : null;
}

/**
 * How many times as fast as it lasts an error budget burns: over the long and the short window, the slower of the two, so that it is
 * above a limit exactly when both are (The Site Reliability Workbook, "Alerting on SLOs", 6). Null without enough traffic.
 */
export function burnRate(long: Counted, short: Counted, { objective, minRequests }: SloSignal): number | null {
  const [slow, fast] = [ratioOf(long, minRequests), ratioOf(short, minRequests)];
  return slow === null || fast === null ? null : Math.min(slow, fast) / (1 - objective);
}

/** The burn rate at which a share of the whole budget is spent within the long window. */
export function burnLimit(slo: Pick<SloSignal, 'windowDays'>, alert: SloSignal['alerts'][number]): number {
  return (alert.budget * slo.windowDays * 24 * 60) / alert.longMinutes;
}

/** What a series adds when it counts one: to the errors and to the requests of a signal. */
export type Weight = Counted;

/** The weight of a series that matches these sides of a signal; null where it matches none. Good ones are requests without an error. */
export function weightOf(
  signal: RatioSignal | SloSignal,
  isMatch: (side: 'errors' | 'good' | 'requests') => boolean,
): Weight | null {
  const [errors, good, requests] = [isMatch('errors'), isMatch('good'), isMatch('requests')].map(Number) as [
    number,
    number,
    number,
  ];
  const weight = 'good' in signal && signal.good ? { errors: requests - good, requests } : { errors, requests };
  return errors + good + requests > 0 ? weight : null;
}
