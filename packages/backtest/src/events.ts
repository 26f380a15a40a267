/** Counts of labelled events and of alarms, of one series or of many. `days`: how long they were measured. */
export type EventFigures = {
  events: number;
  found: number;
  falseAlarms: number;
  days: number;
  /** From an event's first row to its first alarm. */
  delaysMs: number[];
};

/** Counts the rows of one series in turn. */
export type EventCounter = {
  count(at: number, labelled: boolean, alarm: boolean): void;
  figures(): EventFigures;
};

/** False alarms within two hours of one are the same one. */
const rearmMs = 2 * 3_600_000;
const dayMs = 86_400_000;

/**
 * An event is a run of labelled rows; it is found when an alarm is raised inside. Outside of events every alarm is a false one,
 * unless the last false one was less than two hours ago.
 */
export function eventCounter(): EventCounter {
  const figures: EventFigures = { events: 0, found: 0, falseAlarms: 0, days: 0, delaysMs: [] };
  let [firstAt, lastAt, eventAt, found, falseAt] = [NaN, NaN, NaN, false, -Infinity];
  return {
    count(at, labelled, alarm) {
      if (Number.isNaN(firstAt)) firstAt = at;
      lastAt = at;
      if (labelled && Number.isNaN(eventAt)) {
        eventAt = at;
        found = false;
        figures.events++;
      }
      if (!labelled) eventAt = NaN;
      if (!alarm) return;
      if (labelled && !found) {
        found = true;
        figures.found++;
        figures.delaysMs.push(at - eventAt);
      }
      if (!labelled && at - falseAt >= rearmMs) {
        figures.falseAlarms++;
        falseAt = at;
      }
    },
    figures: () => ({ ...figures, days: Number.isNaN(firstAt) ? 0 : (lastAt - firstAt) / dayMs }),
  };
}

/** The figures of many series as one. */
export function sumFigures(all: readonly EventFigures[]): EventFigures {
  const sum = (of: (figures: EventFigures) => number) => all.reduce((total, each) => total + of(each), 0);
  return {
    events: sum((each) => each.events),
    found: sum((each) => each.found),
    falseAlarms: sum((each) => each.falseAlarms),
    days: sum((each) => each.days),
    delaysMs: all.flatMap((each) => each.delaysMs),
  };
}

/** The middle of some numbers; NaN of none. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}
