import type { DetectionConfig } from '@nightshift/types';
import type { Detector, Verdict } from '../detector.ts';
import { ruleBook, type Rule } from '../rules.ts';
import { arrive, measure } from '../series/arrival.ts';
import { pointsOf, remember } from '../series/points.ts';
import { findSilent } from '../series/silence.ts';
import { loadTable, makeTable, rowFor, saveTable } from '../series/table.ts';
import { drop, undecided } from '../series/undecided.ts';
import { layout, type Columns } from './columns.ts';
import { greatestValue, minLearned } from './constants.ts';
import { learnTail } from './evidence.ts';
import { forecastInto, makeForecast, type Forecast } from './forecast.ts';
import { bandAround, judge } from './judge.ts';
import { begin, learn } from './learning.ts';

/**
 * Forecasts each sample from what came before, asks how often this series is that far off by itself, and tells an alarm once.
 * Learns as it goes, daily and weekly seasons too. The method is explained in docs/detection.md.
 */
export function createAdaptive(config: DetectionConfig): Detector {
  let ruleOf = ruleBook(config.rules);
  let table = makeTable(layout);
  const forecast = makeForecast();
  const lastBand = (row: number, rule: Rule) => {
    const { columns } = table;
    if (columns.learned[row]! < minLearned) return null;
    return bandAround(columns, row, forecastInto(forecast, columns, row, columns.lastAt[row]!), rule);
  };
  return {
    algorithm: 'adaptive',
    get size() {
      return table.rows;
    },
    observe(seriesId, metric, timestamp, value) {
      if (!(Math.abs(value) <= greatestValue) || !Number.isFinite(timestamp)) return drop('not_finite', value);
      const row = rowFor(table, seriesId, metric);
      const before = table.columns.lastAt[row]!;
      const dropped = arrive(table, row, timestamp);
      if (dropped) return drop(dropped, value);
      const measured = measure(table.columns, row, metric, timestamp, value);
      if (Number.isNaN(measured)) return undecided(measured, 'learning');
      return assess(table.columns, row, timestamp, timestamp - before, measured, ruleOf(metric), forecast);
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

/** Judges a value by what was learned before it, then learns it. */
function assess(
  columns: Columns,
  row: number,
  at: number,
  elapsedMs: number,
  value: number,
  rule: Rule,
  forecast: Forecast,
): Verdict {
  const learned = columns.learned[row]!;
  if (learned === 0) {
    begin(columns, row, at, value);
    remember(columns, row, at, value, null);
    return undecided(value, rule.judge ? 'learning' : 'not_judged');
  }
  forecastInto(forecast, columns, row, at);
  const residual = Math.abs(value - forecast.expected) / forecast.scale;
  const judged = rule.judge && learned >= minLearned;
  const verdict = judged ? judge(columns, row, at, value, residual, rule, forecast) : undefined;
  learnTail(columns, row, residual);
  learn(columns, row, at, elapsedMs, value, forecast);
  remember(columns, row, at, value, verdict ?? null);
  return verdict ?? undecided(value, rule.judge ? 'learning' : 'not_judged');
}
