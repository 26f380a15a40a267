import { groupEvidence } from '@nightshift/detection';
import { judgeSeries, type Algorithm } from './algorithms.ts';
import { countEvents, type EventFigures } from './events.ts';
import type { Group } from './labelled.ts';

/** `any`: the alarm of any one series is one of its group (machine). `together`: their evidence, summed, must be enough. */
export type GroupFigures = { any: EventFigures; together: EventFigures };

/** Events found at the frozen threshold, by group; where each is one series, `any` says it all. */
export function runEvents(algorithm: Algorithm, groups: Group[]): GroupFigures {
  const judged = groups.map((group) => {
    const scores = group.series.map((value) => judgeSeries(algorithm, group.at, value));
    const rows = Array.from(group.at.keys(), (i) => scores.map((of) => of[i]!));
    return { ...group, rows };
  });
  const count = (alarms: (row: number[]) => boolean) =>
    countEvents(
      judged.map(({ at, label, first, rows }) => ({ at, label, first, alarm: rows.map(alarms).map(Number) })),
    );
  return {
    any: count((row) => row.some((score) => score >= algorithm.threshold)),
    together: count((row) => groupEvidence(row).alarm),
  };
}
