import type { DetectionConfig } from '@nightshift/types';
import type { Detector, Verdict } from '../detector.ts';
import { endless, type Room } from '../room.ts';
import { ruleBook, type Rule } from '../rules.ts';
import { arrive, flooredRule, measure } from './arrival.ts';
import type { ColumnsOf, Fields, Layout, SharedFields } from './columns.ts';
import { pointsOf } from './points.ts';
import { findSilent } from './silence.ts';
import { isSnapshotOf } from './snapshot.ts';
import { loadTable, makeTable, rowFor, saveTable, tableBytes, type Table } from './table.ts';
import { drop, undecided } from './undecided.ts';

export type Band = { expected: number; low: number; high: number };

/** What makes an algorithm: the state of a series, and what it does with a value. */
export type Algorithm<F extends Fields & SharedFields> = {
  name: DetectionConfig['detector'];
  layout: Layout<F>;
  /** Judges a value by what was learned before it, then learns it. `elapsedMs`: since the sample before. */
  assess(columns: ColumnsOf<F>, row: number, at: number, elapsedMs: number, value: number, rule: Rule): Verdict;
  /** The band of the newest sample's time; null: still learning. */
  lastBand(columns: ColumnsOf<F>, row: number, rule: Rule): Band | null;
};

/** Profiles are kept in single precision, which ends at 3e38, and deviations are squared. */
const greatestValue = 1e30;

/**
 * A detector of many series. All that is not the algorithm's own: time, counters, silence, points, snapshots. `others` are
 * the layouts whose snapshots it can take over from: it learns the points that they hold. What was learned is taken over
 * whether there is `room` for it or not; a series that is new needs some.
 */
export function seriesDetector<F extends Fields & SharedFields>(
  algorithm: Algorithm<F>,
  others: readonly Layout<Fields & SharedFields>[],
  config: DetectionConfig,
  room: Room,
): Detector {
  const { layout } = algorithm;
  let ruleOf = ruleBook(config);
  let table = makeTable(layout);
  const take = (into: Table<F>, row: number, at: number, elapsedMs: number, value: number, rule: Rule) =>
    algorithm.assess(into.columns, row, at, elapsedMs, value, rule);

  /** A table that has learned what another algorithm's remembers. */
  const learnFrom = (other: Table<Fields & SharedFields>): Table<F> => {
    const fresh = makeTable(layout);
    for (let from = 0; from < other.rows; from++) {
      const { seriesId, metric, reading, readingAt } = other.columns;
      const name = other.metrics[metric[from]!]!;
      const row = rowFor(fresh, seriesId[from]!, name, endless)!;
      for (const { at, value } of pointsOf(other.columns, from)) {
        const before = fresh.columns.lastAt[row]!;
        if (!arrive(fresh, row, at, 'gauge')) take(fresh, row, at, at - before, value, ruleOf(name));
      }
      fresh.columns.reading[row] = reading[from]!;
      fresh.columns.readingAt[row] = readingAt[from]!;
    }
    return fresh;
  };

  return {
    algorithm: algorithm.name,
    get size() {
      return table.rows;
    },
    get bytes() {
      return tableBytes(table);
    },
    ids: () => table.rowOf.keys(),
    observe(seriesId, metric, timestamp, value, rule = ruleOf(metric)) {
      if (!(Math.abs(value) <= greatestValue) || !Number.isFinite(timestamp)) return drop('not_finite', value);
      const row = rowFor(table, seriesId, metric, room);
      if (row === undefined) return drop('memory_limit', value);
      const before = table.columns.lastAt[row]!;
      const dropped = arrive(table, row, timestamp, rule.kind);
      if (dropped) return drop(dropped, value);
      const floored = flooredRule(table.columns, row, rule, timestamp, value);
      const measured = measure(table.columns, row, rule.kind, timestamp, value);
      if (Number.isNaN(measured)) return undecided(measured, 'learning');
      return take(table, row, timestamp, timestamp - before, measured, floored);
    },
    silent: (now, since, ruleOfSeries = () => undefined) =>
      findSilent(
        table,
        (id, metric) => ruleOfSeries(id) ?? ruleOf(metric),
        (row, rule) => algorithm.lastBand(table.columns, row, rule),
        now,
        since,
      ),
    history(seriesId) {
      const row = table.rowOf.get(seriesId);
      return row === undefined ? [] : pointsOf(table.columns, row);
    },
    configure(next) {
      ruleOf = ruleBook(next);
    },
    snapshot: () => saveTable(table),
    restore(bytes) {
      const other = others.find((each) => isSnapshotOf(each, bytes));
      table = other ? learnFrom(loadTable(other, bytes)) : loadTable(layout, bytes);
    },
  };
}
