import type { RatioSignal, SloSignal } from '@nightshift/types';

/** What was counted in a window. */
export type Counted = { errors: number; requests: number };

/** The share of errors; null below the least traffic that it takes to judge. */
export function ratioOf({ errors, requests }: Counted, minRequests: number): number | null {
  return requests > 0 && requests >= minRequests ? Math.max(0, errors) / requests : null;
}

/** What was counted in the two windows of an alert, and in the last minute. */
export type BurnWindows = { long: Counted; short: Counted; minute: Counted };

/**
 * How many times as fast as it lasts an error budget burns: over the long and the short window, the slower of the two, so that it is
 * above a limit exactly when both are (The Site Reliability Workbook, "Alerting on SLOs", 6). Once the last minute spends no more than its
 * share, it counts instead: whether a remedy helped must show long before a window of hours has passed. Null without enough traffic.
 */
export function burnRate(windows: BurnWindows, { objective, minRequests }: SloSignal): number | null {
  const burn = (counted: Counted) => {
    const ratio = ratioOf(counted, minRequests);
    return ratio === null ? null : ratio / (1 - objective);
  };
  const [long, short, minute] = [burn(windows.long), burn(windows.short), burn(windows.minute)];
  if (long === null || short === null) return null;
  return minute !== null && minute <= 1 ? Math.min(long, short, minute) : Math.min(long, short);
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
