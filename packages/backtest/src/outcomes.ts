import type { Judgement } from '@nightshift/detection';
import { seriesKey } from '@nightshift/types';
import { eventCounter, type EventCounter, type EventFigures } from './events.ts';
import type { ReplayedIncident } from './incidents.ts';
import { makePicture, type Picture } from './picture.ts';
import type { SeriesName } from './series.ts';

/** What became of one series. Without labels every alarm counts as outside of an event. */
export type SeriesOutcome = SeriesName & {
  rows: number;
  /** Rows that did not count: late, repeated, or no number. */
  dropped: number;
  hasLabels: boolean;
  events: EventFigures;
  /** For its picture; null: there are too many series, or none was asked for. */
  picture: Picture | null;
};

export type Sample = { at: number; value: number; labelled: boolean; warmUp: boolean };

export type Noted = Omit<SeriesOutcome, 'events'> & {
  counter: EventCounter;
  /** Since when samples count: those before were for learning. */
  countedFrom: number;
  /** Runs of labelled samples, and whether the newest sample is in one. */
  labelled: { from: number; to: number }[];
  inLabel: boolean;
  /** It is only a part of what is judged. */
  isPart: boolean;
};

/** Takes notes of what is said of each series. */
export type Outcomes = {
  of(series: SeriesName, hasLabels: boolean): Noted;
  all(): SeriesOutcome[];
  /** Whether something was labelled in the service of an incident while it lasted; null: it has no labels then. */
  labelledIn(incident: ReplayedIncident): boolean | null;
};

export const keyOf = ({ service, metric, labels }: SeriesName): string => `${service}\n${seriesKey(metric, labels)}`;

export function makeOutcomes(pictures: number): Outcomes {
  const all = new Map<string, Noted>();
  return {
    of(series, hasLabels) {
      const key = keyOf(series);
      let noted = all.get(key);
      if (!noted) {
        const { service, metric, labels } = series;
        const picture = all.size < pictures ? makePicture() : null;
        const counted = { rows: 0, dropped: 0, countedFrom: NaN, labelled: [], inLabel: false, isPart: false };
        noted = { service, metric, labels, hasLabels, picture, counter: eventCounter(), ...counted };
        all.set(key, noted);
      }
      return noted;
    },
    all: () =>
      [...all.values()]
        .filter(({ isPart }) => !isPart)
        .map(({ service, metric, labels, rows, dropped, hasLabels, picture, counter }) => ({
          service,
          metric,
          labels,
          rows,
          dropped,
          hasLabels,
          picture,
          events: counter.figures(),
        })),
    labelledIn({ service, onsetAt, lastAt }) {
      const own = [...all.values()].filter(
        (each) => each.service === service && each.hasLabels && each.countedFrom <= lastAt,
      );
      if (own.length === 0) return null;
      return own.some(({ labelled }) => labelled.some(({ from, to }) => from <= lastAt && to >= onsetAt));
    },
  };
}

/** Takes note of one sample and what was said of it. */
export function note(series: Noted, { at, value, labelled, warmUp }: Sample, judgement: Judgement | null): void {
  series.rows++;
  series.isPart = judgement === null;
  if (!judgement?.accepted) {
    series.dropped++;
    return;
  }
  if (!warmUp) {
    series.counter.count(at, labelled, judgement.alarm);
    if (Number.isNaN(series.countedFrom)) series.countedFrom = at;
  }
  if (labelled && series.inLabel) series.labelled.at(-1)!.to = at;
  else if (labelled) series.labelled.push({ from: at, to: at });
  series.inLabel = labelled;
  const shown = Number.isNaN(judgement.value) ? value : judgement.value;
  series.picture?.add(at, shown, judgement, judgement.alarm, labelled);
}
