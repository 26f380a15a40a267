import type { ClassificationRules, DetectionConfig } from '@nightshift/types';
import { compareIncidents } from './compare.ts';
import type { ReplayedIncident } from './incidents.ts';
import { keyOf, makeOutcomes, note, type Noted, type Sample, type SeriesOutcome } from './outcomes.ts';
import { startReplay } from './replay.ts';
import type { SeriesName } from './series.ts';

/** `labelled`: something was labelled in its service while it lasted; null: its service has no labels then. */
export type JudgedIncident = ReplayedIncident & { labelled: boolean | null };

export type BacktestResult = {
  series: SeriesOutcome[];
  incidents: JudgedIncident[];
  /** Against the present settings, where those were given. */
  comparison: { present: number; kept: JudgedIncident[]; gained: JudgedIncident[]; lost: JudgedIncident[] } | null;
};

/** Takes samples, and says in the end what would have come of them. */
export type Backtest = {
  /** The number of a series; the same for the same name. `hasLabels`: its samples say whether something was wrong. */
  register(series: SeriesName, hasLabels: boolean): number;
  sample(id: number, sample: Sample): void;
  /** All samples of the times so far are in: signals that are made of several series may be reckoned. */
  settle(): void;
  /** Looks at `now` for series that have fallen silent, where whoever records has heard all since `since`. A file that ends is not silent. */
  silence(now: number, since: number): void;
  result(): BacktestResult;
};

export type BacktestOptions = {
  config: DetectionConfig;
  /** Which say what an incident is. */
  classification: ClassificationRules;
  /** The settings to compare with. */
  against?: DetectionConfig;
  /** Keep at most so many pictures. */
  pictures?: number;
};

export function startBacktest({ config, classification, against, pictures = 0 }: BacktestOptions): Backtest {
  const outcomes = makeOutcomes(pictures);
  const changed = startReplay(config, classification, (series, at, judgement) =>
    note(outcomes.of(series, false), { at, value: judgement.value, labelled: false, warmUp: false }, judgement),
  );
  const present = against && startReplay(against, classification);
  const sent: Noted[] = [];
  const ids = new Map<string, number>();
  const settle = () => {
    changed.settle();
    present?.settle();
  };
  return {
    register(series, hasLabels) {
      const key = keyOf(series);
      const known = ids.get(key);
      if (known !== undefined) return known;
      const id = sent.push(outcomes.of(series, hasLabels));
      for (const replay of [changed, present]) replay?.register(series);
      ids.set(key, id);
      return id;
    },
    sample(id, sample) {
      present?.observe(id, sample.at, sample.value);
      note(sent[id - 1]!, sample, changed.observe(id, sample.at, sample.value));
    },
    settle,
    silence(now, since) {
      changed.silence(now, since);
      present?.silence(now, since);
    },
    result() {
      settle();
      const judged = (all: ReplayedIncident[]): JudgedIncident[] =>
        all.map((incident) => ({ ...incident, labelled: outcomes.labelledIn(incident) }));
      const incidents = changed.incidents();
      const before = present?.incidents();
      const compared = before && compareIncidents(before, incidents);
      return {
        series: outcomes.all(),
        incidents: judged(incidents),
        comparison: compared
          ? {
              present: before.length,
              kept: judged(compared.kept),
              gained: judged(compared.gained),
              lost: judged(compared.lost),
            }
          : null,
      };
    },
  };
}
