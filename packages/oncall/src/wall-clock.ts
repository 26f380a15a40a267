import { Temporal } from 'temporal-polyfill';

export { Temporal };

/** The wall clock of a zone at an instant (epoch ms). */
export const wallClock = (at: number, timeZone: string): Temporal.PlainDateTime =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDateTime();

/**
 * When a wall clock shows a time (epoch ms). Of a time that it shows twice the first counts; one that it skips is the moment at which it
 * does, so that what comes later on the clock never comes earlier.
 */
export function instantOf(local: Temporal.PlainDateTime, timeZone: string): number {
  const earlier = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
  if (earlier.toPlainDateTime().equals(local)) return earlier.epochMilliseconds;
  return earlier.getTimeZoneTransition('next')!.epochMilliseconds;
}

/** A local time such as 2026-01-05T09:00, read in a zone (epoch ms), or null where it is none. */
export function readLocal(text: string, timeZone: string): number | null {
  try {
    return instantOf(Temporal.PlainDateTime.from(text, { overflow: 'reject' }), timeZone);
  } catch {
    return null;
  }
}

/** An instant as people of a zone would write it: Mon 2026-01-05 09:00. */
export function writeLocal(at: number, timeZone: string): string {
  const local = wallClock(at, timeZone);
  const weekday = new Date(Date.UTC(local.year, local.month - 1, local.day)).toUTCString().slice(0, 3);
  return `${weekday} ${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`;
}
