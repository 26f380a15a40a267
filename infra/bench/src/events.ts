/** One labelled series of alarms: row by row, from `first` on. */
export type Labelled = { at: Float64Array; label: ArrayLike<number>; alarm: ArrayLike<number>; first: number };

/** `falsePerDay`: false alarms per day and series (or machine). Delay in ms from an event's first row to its first alarm. */
export type EventFigures = {
  events: number;
  found: number;
  recall: number;
  falseAlarms: number;
  days: number;
  falsePerDay: number;
  medianDelayMs: number;
};

const rearmMs = 2 * 3_600_000;

/**
 * Counts by events. An event is a run of labelled rows; it is found when an alarm is raised inside. Outside of events every
 * alarm is a false one, unless the last false one was less than two hours ago.
 */
export function countEvents(all: Labelled[]): EventFigures {
  const delays: number[] = [];
  let [events, falseAlarms, days] = [0, 0, 0];
  for (const { at, label, alarm, first } of all) {
    let [eventAt, found, falseAt] = [-1, false, -Infinity];
    for (let i = first; i < at.length; i++) {
      if (label[i]! > 0) {
        if (eventAt < 0) {
          eventAt = at[i]!;
          found = false;
          events++;
        }
        if (alarm[i] && !found) {
          found = true;
          delays.push(at[i]! - eventAt);
        }
      } else {
        eventAt = -1;
        if (alarm[i] && at[i]! - falseAt >= rearmMs) {
          falseAlarms++;
          falseAt = at[i]!;
        }
      }
    }
    days += (at.at(-1)! - at[first]!) / 86_400_000;
  }
  delays.sort((a, b) => a - b);
  return {
    events,
    found: delays.length,
    recall: delays.length / events,
    falseAlarms,
    days,
    falsePerDay: falseAlarms / days,
    medianDelayMs: delays[Math.floor(delays.length / 2)] ?? NaN,
  };
}
