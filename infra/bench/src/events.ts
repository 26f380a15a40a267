import { eventCounter, median, sumFigures } from '@nightshift/backtest';

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

/** Counts by events, as a backtest does. */
export function countEvents(all: Labelled[]): EventFigures {
  const { events, found, falseAlarms, days, delaysMs } = sumFigures(
    all.map(({ at, label, alarm, first }) => {
      const counter = eventCounter();
      for (let i = first; i < at.length; i++) counter.count(at[i]!, label[i]! > 0, Boolean(alarm[i]));
      return counter.figures();
    }),
  );
  return {
    events,
    found,
    recall: found / events,
    falseAlarms,
    days,
    falsePerDay: falseAlarms / days,
    medianDelayMs: median(delaysMs),
  };
}
