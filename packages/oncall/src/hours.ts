import { Weekday, type Hours } from '@nightshift/types';
import { instantOf, Temporal, wallClock } from './wall-clock.ts';

/** From, and until just before (epoch ms). */
export type Span = { from: number; to: number };

/** The spans of `hours` that touch the time from `from` to `to`, in a zone. */
export function spansOf(hours: readonly Hours[], timeZone: string, { from, to }: Span): Span[] {
  // One day earlier: hours that begin on the evening before reach into the next day.
  let day = wallClock(from, timeZone).toPlainDate().subtract({ days: 1 });
  const last = wallClock(to, timeZone).toPlainDate();
  const spans: Span[] = [];
  for (; Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) {
    const weekday = Weekday.options[day.dayOfWeek - 1]!;
    for (const each of hours) if (each.days.includes(weekday)) spans.push(spanOn(day, each, timeZone));
  }
  return spans.filter((span) => span.from < to && span.to > from);
}

/** The whole of a date in a zone. */
export const spanOfDay = (date: string, timeZone: string): Span => {
  const day = Temporal.PlainDate.from(date);
  return spanOn(day, { from: '00:00', to: '00:00' }, timeZone);
};

export const within = (spans: readonly Span[], at: number) => spans.some(({ from, to }) => from <= at && at < to);

function spanOn(day: Temporal.PlainDate, { from, to }: Pick<Hours, 'from' | 'to'>, timeZone: string): Span {
  const end = to > from ? day : day.add({ days: 1 });
  return {
    from: instantOf(day.toPlainDateTime(from), timeZone),
    to: instantOf(end.toPlainDateTime(to), timeZone),
  };
}
