import type { JudgedIncident } from './backtest.ts';
import type { SeriesName } from './series.ts';

/** `2026-11-24 03:12`, in UTC. */
export const minuteOf = (at: number): string =>
  Math.abs(at) < 8.64e15 ? new Date(at).toISOString().slice(0, 16).replace('T', ' ') : String(at);

/** Three digits are enough to see what is meant. */
export const short = (value: number): string => String(Number(value.toPrecision(3)));

/** `42 s`, `14 min`, `3.5 h`, `2.1 days`. */
export function lasting(ms: number): string {
  if (ms < 90_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 90 * 60_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 48 * 3_600_000 ? `${short(ms / 3_600_000)} h` : `${short(ms / 86_400_000)} days`;
}

/** `latency_ms{region=eu}`. */
export function metricWithLabels({ metric, labels }: SeriesName): string {
  const shown = Object.entries(labels).filter(([name]) => name !== 'service');
  return shown.length === 0 ? metric : `${metric}{${shown.map(([name, value]) => `${name}=${value}`).join(',')}}`;
}

const listed = 3;

/** What was wrong, worst first. */
export function causesOf({ series }: JudgedIncident): string {
  const causes = series
    .slice(0, listed)
    .map((each) => `${metricWithLabels(each)} ${short(each.value)} instead of ${short(each.expected)}`);
  return [...causes, ...(series.length > listed ? [`${series.length - listed} more`] : [])].join(', ');
}
