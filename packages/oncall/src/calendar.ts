import type { Person, Schedule } from '@nightshift/types';
import ICAL from 'ical.js';
import type { Override, Shift } from './duty.ts';
import type { Span } from './hours.ts';
import { readLocal } from './wall-clock.ts';

/** An event of a calendar as an override. `source` is the same whenever the same event is read again. */
export type Imported = Override & { source: string };
/** `unknown`: events that name nobody of the file, in words. */
export type ReadCalendar = { overrides: Imported[]; unknown: string[] };

const most = { bytes: 5 * 1024 * 1024, occurrences: 2_000 };

/**
 * The events of an iCalendar text (RFC 5545) that touch a span, recurring ones unrolled. Whom an event means stands in its summary or
 * in its attendees: the id or the name of a person. Times without a zone are the schedule's. Throws RangeError where the text is none.
 */
export function readCalendar(text: string, schedule: Schedule, people: readonly Person[], span: Span): ReadCalendar {
  if (text.length > most.bytes)
    throw new RangeError(`it has ${text.length} characters, at most ${most.bytes} are read`);
  const found: ReadCalendar = { overrides: [], unknown: [] };
  for (const { event, item } of occurrences(parsed(text), schedule.timeZone, span)) {
    const person = personOf(item.component, people);
    const from = instant(event.startDate, item, schedule.timeZone);
    const to = instant(event.endDate, item, schedule.timeZone);
    if (to <= span.from || from >= span.to) continue;
    if (!person) found.unknown.push(`${new Date(from).toISOString()} "${item.summary ?? ''}"`);
    else
      found.overrides.push({
        person: person.id,
        insteadOf: null,
        from,
        to,
        source: `${schedule.id} ${item.uid} ${event.recurrenceId.toString()}`,
      });
  }
  return found;
}

/** Shifts as an iCalendar text to subscribe to; times with nobody on duty are events too. */
export function writeCalendar(schedule: Schedule, shifts: readonly Shift[], madeAt: number): string {
  const calendar = new ICAL.Component('vcalendar');
  calendar.addPropertyWithValue('version', '2.0');
  calendar.addPropertyWithValue('prodid', '-//Nightshift//on-call//EN');
  calendar.addPropertyWithValue('x-wr-calname', `On call: ${schedule.id}`);
  for (const { from, to, people } of shifts) {
    const event = new ICAL.Component('vevent');
    event.addPropertyWithValue('uid', `${schedule.id}-${from}@nightshift`);
    event.addPropertyWithValue('dtstamp', utc(madeAt));
    event.addPropertyWithValue('dtstart', utc(from));
    event.addPropertyWithValue('dtend', utc(to));
    event.addPropertyWithValue('summary', `${schedule.id}: ${people.join(', ') || 'nobody on duty'}`);
    calendar.addSubcomponent(event);
  }
  return `${calendar.toString()}\r\n`;
}

const utc = (at: number) => ICAL.Time.fromJSDate(new Date(at), true);

function parsed(text: string): ICAL.Component {
  let jcal: unknown;
  try {
    jcal = ICAL.parse(text);
  } catch (cause) {
    throw new RangeError(`it is no iCalendar text: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  const calendar = new ICAL.Component(jcal as never);
  if (calendar.name !== 'vcalendar') throw new RangeError(`it is a ${calendar.name}, not a vcalendar`);
  return calendar;
}

type Details = ReturnType<ICAL.Event['getOccurrenceDetails']>;
type Occurrence = { event: Pick<Details, 'startDate' | 'endDate' | 'recurrenceId'>; item: ICAL.Event };

function* occurrences(calendar: ICAL.Component, zone: string, span: Span): Generator<Occurrence> {
  const events = calendar.getAllSubcomponents('vevent').map((each) => new ICAL.Event(each));
  const changed = events.filter((each) => each.isRecurrenceException());
  let left = most.occurrences;
  for (const event of events.filter((each) => !each.isRecurrenceException())) {
    for (const each of changed) if (each.uid === event.uid) event.relateException(each);
    if (!event.isRecurring()) {
      const { startDate, endDate } = event;
      yield { event: { startDate, endDate, recurrenceId: startDate }, item: event };
      continue;
    }
    const starts = event.iterator();
    for (let start = starts.next(); start && instant(start, event, zone) < span.to; start = starts.next()) {
      if ((left -= 1) < 0) throw new RangeError(`it has more than ${most.occurrences} occurrences`);
      const details = event.getOccurrenceDetails(start);
      yield { event: details, item: details.item };
    }
  }
}

function personOf(component: ICAL.Component, people: readonly Person[]): Person | undefined {
  const attendees = component.getAllProperties('attendee').flatMap((each) => {
    const address = String(each.getFirstValue()).replace(/^mailto:/i, '');
    return [String(each.getFirstParameter('cn') ?? ''), address, address.split('@')[0]!];
  });
  const named = [String(component.getFirstPropertyValue('summary') ?? ''), ...attendees].map((each) =>
    each.trim().toLowerCase(),
  );
  return people.find(({ id, name }) => named.includes(id.toLowerCase()) || named.includes(name.toLowerCase()));
}

/** In the zone that the event names, as IANA or as the calendar itself describes it; else in that of the schedule. */
function instant(time: ICAL.Time, event: ICAL.Event, zone: string): number {
  if (time.zone?.tzid === 'UTC') return time.toUnixTime() * 1_000;
  const local = time.isDate ? `${time.toString()}T00:00:00` : time.toString().slice(0, 19);
  const named = event.component.getFirstProperty('dtstart')?.getFirstParameter('tzid');
  const known = named === undefined ? null : readLocal(local, named);
  if (known !== null) return known;
  return time.zone?.tzid === 'floating' ? readLocal(local, zone)! : time.toUnixTime() * 1_000;
}
