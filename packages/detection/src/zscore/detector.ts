import type { DetectionConfig } from '@nightshift/types';
import type { Detector, Verdict } from '../detector.ts';
import { ruleBook, type Rule } from '../rules.ts';
import { arrive, measure } from '../series/arrival.ts';
import { ring } from '../series/columns.ts';
import { followEpisode } from '../series/episodes.ts';
import { pointsOf, remember } from '../series/points.ts';
import { findSilent } from '../series/silence.ts';
import { loadTable, makeTable, rowFor, saveTable } from '../series/table.ts';
import { drop, undecided } from '../series/undecided.ts';
import { bandOf, judge } from './band.ts';
import { layout, type Columns } from './columns.ts';
import { greatestValue, minLearned } from './constants.ts';
import { followRun, learn } from './learning.ts';

/**
 * The reference rule (60 values, |z| above 3 and 4) with its defects mended. Judging comes before learning, and what lies
 * outside the band is not learned, so that an anomaly does not become its own baseline.
 */
export function createZscore(config: DetectionConfig): Detector {
  let ruleOf = ruleBook(config.rules);
  let table = makeTable(layout);
  const lastBand = (row: number, rule: Rule) => {
    const learned = table.columns.learned[row]!;
    return learned < minLearned ? null : bandOf(table.columns.window, row * ring, learned, rule.minEffect);
  };
  return {
    algorithm: 'zscore',
    get size() {
      return table.rows;
    },
    observe(seriesId, metric, timestamp, value) {
      if (!(Math.abs(value) <= greatestValue) || !Number.isFinite(timestamp)) return drop('not_finite', value);
      const row = rowFor(table, seriesId, metric);
      const dropped = arrive(table, row, timestamp);
      if (dropped) return drop(dropped, value);
      const measured = measure(table.columns, row, metric, timestamp, value);
      if (Number.isNaN(measured)) return undecided(measured, 'learning');
      return assess(table.columns, row, timestamp, measured, ruleOf(metric));
    },
    silent: (now, since) => findSilent(table, ruleOf, lastBand, now, since),
    history(seriesId) {
      const row = table.rowOf.get(seriesId);
      return row === undefined ? [] : pointsOf(table.columns, row);
    },
    configure(next) {
      ruleOf = ruleBook(next.rules);
    },
    snapshot: () => saveTable(table),
    restore(bytes) {
      table = loadTable(layout, bytes);
    },
  };
}

/** Judges a value against what was learned before it, then learns it if it is ordinary. */
function assess(columns: Columns, row: number, at: number, value: number, rule: Rule): Verdict {
  const learned = columns.learned[row]!;
  if (!rule.judge || learned < minLearned) {
    remember(columns, row, at, value, null);
    learn(columns, row, value);
    return undecided(value, rule.judge ? 'learning' : 'not_judged');
  }
  const band = bandOf(columns.window, row * ring, learned, rule.minEffect);
  const verdict = judge(value, band, rule);
  remember(columns, row, at, value, band);
  const outside = value < band.low || value > band.high;
  if (!outside) learn(columns, row, value);
  verdict.episodeAt = followEpisode(columns, row, at, verdict.state === 'anomalous');
  followRun(columns, row, at, band, outside);
  return verdict;
}
