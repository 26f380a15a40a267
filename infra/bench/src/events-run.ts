import { judgeSeries, type Algorithm } from './algorithms.ts';
import { countEvents, type EventFigures } from './events.ts';
import type { Group } from './labelled.ts';

/** Events found at the frozen threshold. Of a group of many series (a machine) the alarm of any one is an alarm. */
export function runEvents(algorithm: Algorithm, groups: Group[]): EventFigures {
  return countEvents(
    groups.map(({ at, label, first, series }) => {
      const alarm = new Uint8Array(at.length);
      for (const value of series) {
        const judged = judgeSeries(algorithm, at, value);
        for (let i = 0; i < at.length; i++) alarm[i]! |= judged.alarm[i]!;
      }
      return { at, label, first, alarm };
    }),
  );
}
