import type { Verdict } from '@nightshift/detection';
import { seriesKey, type DetectionConfig } from '@nightshift/types';
import { compareIncidents, type Comparison } from './compare.ts';
import { eventCounter, type EventCounter, type EventFigures } from './events.ts';
import type { ReplayedIncident } from './incidents.ts';
import { makePicture, type Picture } from './picture.ts';
import { startReplay } from './replay.ts';
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

/** `labelled`: something was labelled in its service while it lasted; null: its service has no labels then. */
export type JudgedIncident = ReplayedIncident & { labelled: boolean | null };

export type BacktestResult = {
  series: SeriesOutcome[];
  incidents: JudgedIncident[];
  /** Against the present settings, where those were given. */
  comparison: { present: number; kept: JudgedIncident[]; gained: JudgedIncident[]; lost: JudgedIncident[] } | null;
};

export type Sample = { at: number; value: number; labelled: boolean; warmUp: boolean };

/** Takes samples, and says in the end what would have come of them. */
export type Backtest = {
  /** The number of a series; the same for the same name. `hasLabels`: its samples say whether something was wrong. */
  register(series: SeriesName, hasLabels: boolean): number;
  sample(id: number, sample: Sample): void;
  result(): BacktestResult;
};

export type BacktestOptions = {
  config: DetectionConfig;
  /** The settings to compare with. */
  against?: DetectionConfig;
  /** Keep at most so many pictures. */
  pictures?: number;
};

type Known = Omit<SeriesOutcome, 'events'> & {
  counter: EventCounter;
  /** Since when samples count: those before were for learning. */
  countedFrom: number;
  /** Runs of labelled samples, and whether the newest sample is in one. */
  labelled: { from: number; to: number }[];
  inLabel: boolean;
};

export function startBacktest({ config, against, pictures = 0 }: BacktestOptions): Backtest {
  const changed = startReplay(config);
  const present = against && startReplay(against);
  const all: Known[] = [];
  const ids = new Map<string, number>();
  return {
    register(series, hasLabels) {
      const key = `${series.service}\n${seriesKey(series.metric, series.labels)}`;
      const known = ids.get(key);
      if (known !== undefined) return known;
      const picture = all.length < pictures ? makePicture() : null;
      const nothing = { rows: 0, dropped: 0, countedFrom: NaN, labelled: [], inLabel: false };
      all.push({ ...series, ...nothing, hasLabels, picture, counter: eventCounter() });
      present?.register(series);
      const id = changed.register(series);
      ids.set(key, id);
      return id;
    },
    sample(id, sample) {
      present?.observe(id, sample.at, sample.value);
      note(all[id - 1]!, sample, changed.observe(id, sample.at, sample.value));
    },
    result() {
      const judge = (incident: ReplayedIncident) => ({ ...incident, labelled: labelledIn(all, incident) });
      const incidents = changed.incidents();
      const before = present?.incidents();
      return {
        series: all.map(outcomeOf),
        incidents: incidents.map(judge),
        comparison: before ? judged(compareIncidents(before, incidents), before.length, judge) : null,
      };
    },
  };
}

function outcomeOf({ service, metric, labels, rows, dropped, hasLabels, picture, counter }: Known): SeriesOutcome {
  return { service, metric, labels, rows, dropped, hasLabels, picture, events: counter.figures() };
}

function judged({ kept, gained, lost }: Comparison, present: number, judge: (of: ReplayedIncident) => JudgedIncident) {
  return { present, kept: kept.map(judge), gained: gained.map(judge), lost: lost.map(judge) };
}

function note(series: Known, { at, value, labelled, warmUp }: Sample, verdict: Verdict): void {
  series.rows++;
  if (!verdict.accepted) {
    series.dropped++;
    return;
  }
  if (!warmUp) {
    series.counter.count(at, labelled, verdict.alarm);
    if (Number.isNaN(series.countedFrom)) series.countedFrom = at;
  }
  if (labelled && series.inLabel) series.labelled.at(-1)!.to = at;
  else if (labelled) series.labelled.push({ from: at, to: at });
  series.inLabel = labelled;
  series.picture?.add(at, Number.isNaN(verdict.value) ? value : verdict.value, verdict, verdict.alarm, labelled);
}

function labelledIn(all: Known[], { service, onsetAt, lastAt }: ReplayedIncident): boolean | null {
  const own = all.filter((each) => each.service === service && each.hasLabels && each.countedFrom <= lastAt);
  if (own.length === 0) return null;
  return own.some(({ labelled }) => labelled.some(({ from, to }) => from <= lastAt && to >= onsetAt));
}
