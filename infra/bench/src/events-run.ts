import type { DetectionConfig } from '@nightshift/types';
import { judgeSeries, type Algorithm } from './algorithms.ts';
import { countEvents, type EventFigures } from './events.ts';
import { replayService } from './incidents-run.ts';
import type { Group } from './labelled.ts';

/**
 * `any`: the alarm of any one series is one of its group (machine). `together`, `counts`: an incident opens, by the evidence of the
 * series summed and by their number.
 */
export type GroupFigures = { any: EventFigures; together: EventFigures | null; counts: EventFigures | null };

/** Events found at the frozen threshold, where an alarm of any series is one of its group. */
export function runEvents(algorithm: Algorithm, groups: Group[]): EventFigures {
  return countEvents(
    groups.map(({ at, label, first, series }) => {
      const scores = series.map((value) => judgeSeries(algorithm, at, value));
      const alarm = Array.from(at.keys(), (i) => Number(scores.some((of) => of[i]! >= algorithm.threshold)));
      return { at, label, first, alarm };
    }),
  );
}

/** Events in which an incident of the group opens, by either rule. */
export function runIncidents(detector: DetectionConfig['detector'], groups: Group[]) {
  const replayed = groups.map((group) => ({
    ...group,
    alarms: replayService({ ...group, series: group.series.length, value: (s, i) => group.series[s]![i]! }, detector, [
      'evidence',
      'counts',
    ]),
  }));
  const count = (rule: 'evidence' | 'counts') =>
    countEvents(replayed.map(({ at, label, first, alarms }) => ({ at, label, first, alarm: alarms[rule] })));
  return { together: count('evidence'), counts: count('counts') };
}
