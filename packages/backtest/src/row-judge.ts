import { alarmScore, createDetector, groupEvidence, ruleFor, type Rule } from '@nightshift/detection';
import type { DetectionConfig } from '@nightshift/types';
import { numberIn, type Columns } from './columns.ts';
import { seriesOfRows, type SeriesName } from './series.ts';
import { epochMs } from './times.ts';

/** What is said of one row. `cell`: which value it is about, the one that is furthest out. All numbers are finite. */
export type RowVerdict = {
  cell: number;
  expected: number;
  low: number;
  high: number;
  score: number;
  alarm: boolean;
};

type Band = { expected: number; low: number; high: number };

/**
 * Judges the rows of one file in turn. A row with several values is judged by their summed evidence, on the scale of a single
 * score. A row that was dropped has score 0 and the band of the row before; until a band is known, it is the value itself.
 */
export function rowJudge(config: DetectionConfig, columns: Columns, metric: string): (cells: string[]) => RowVerdict {
  const detector = createDetector(config);
  const rules: Rule[] = [];
  const bands: Band[] = [];
  const register = (series: SeriesName) => {
    const rule = ruleFor(config, series, series.said);
    // A gauge may be called like a counter: without rules nothing hangs on names.
    rules.push(config.rules.length > 0 ? rule : { ...rule, kind: 'gauge' });
    return bands.push({ expected: NaN, low: NaN, high: NaN });
  };
  const seriesOf = seriesOfRows(columns, { service: metric, metric }, register);
  const scores = columns.values.map(() => 0);
  return (cells) => {
    const at = epochMs(cells[columns.timestamp] ?? '');
    const ids = seriesOf(cells);
    let [worst, alarms] = [0, 0];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      const value = numberIn(cells[columns.values[i]!.cell]);
      const verdict = detector.observe(id, 'value', at, value, rules[id - 1]);
      scores[i] = verdict.alarmScore;
      if (scores[i]! > scores[worst]!) worst = i;
      if (verdict.alarm) alarms++;
      if (!Number.isNaN(verdict.expected)) bands[id - 1] = verdict;
      else if (verdict.accepted || Number.isNaN(bands[id - 1]!.expected)) bands[id - 1] = bandOfOne(value);
    }
    const { expected, low, high } = bands[ids[worst]! - 1]!;
    const { score, alarm } = together(detector.algorithm, scores, worst, alarms);
    return { cell: columns.values[worst]!.cell, expected, low, high, score, alarm };
  };
}

function bandOfOne(value: number): Band {
  const known = Number.isFinite(value) ? value : 0;
  return { expected: known, low: known, high: known };
}

/** Evidence is counted in decades; a z-score is none. */
function together(algorithm: DetectionConfig['detector'], scores: number[], worst: number, alarms: number) {
  if (scores.length === 1 || algorithm === 'zscore') return { score: scores[worst]!, alarm: alarms > 0 };
  const { sum, threshold, alarm } = groupEvidence(scores);
  return { score: (alarmScore * sum) / threshold, alarm };
}
