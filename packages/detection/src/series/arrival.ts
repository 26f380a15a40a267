import type { Dropped } from '../detector.ts';
import type { Rule } from '../rules.ts';
import { chanceEvents } from '../tail.ts';
import { clearRow, type Fields, type SharedColumns, type SharedFields } from './columns.ts';
import type { Table } from './table.ts';

/** Takes note of a sample's time. Returns why the sample does not count, if it does not; then nothing has changed. */
export function arrive<F extends Fields & SharedFields>(
  table: Table<F>,
  row: number,
  at: number,
  kind: Rule['kind'],
): Dropped | undefined {
  const columns: SharedColumns = table.columns;
  const known = columns.samples[row]! > 0;
  const gap = at - columns.lastAt[row]!;
  if (known && gap === 0) return 'duplicate';
  if (known && gap < 0) return 'late';
  // Only a counter has a reading. What was learned of a gauge says nothing about its rate, and the other way round.
  const otherKind = Number.isNaN(columns.reading[row]!) === (kind === 'counter');
  if (known && (otherKind || gap > table.layout.forgetAfterMs)) clearRow(table.layout, table.columns, row);
  else if (known) columns.stepMs[row] = nextStep(columns.stepMs[row]!, gap);
  columns.lastAt[row] = at;
  columns.samples[row] = columns.samples[row]! + 1;
  return undefined;
}

/** The usual step: a running mean of the gaps, in which an outage counts as three steps at most. */
function nextStep(step: number, gap: number): number {
  return step === 0 ? gap : step + (Math.min(gap, 3 * step) - step) / 8;
}

/**
 * What is judged: a gauge's value, or the rate per second of a counter. A counter that fell was
 * reset, and has counted from zero since. NaN for a counter's first reading.
 */
export function measure(columns: SharedColumns, row: number, kind: Rule['kind'], at: number, value: number): number {
  if (kind === 'gauge') return value;
  const before = columns.reading[row]!;
  const seconds = (at - columns.readingAt[row]!) / 1_000;
  columns.reading[row] = value;
  columns.readingAt[row] = at;
  if (Number.isNaN(before)) return NaN;
  return (value < before ? value : value - before) / seconds;
}

/** A copy of each rule whose floor is set anew for every sample. */
const copies = new WeakMap<Rule, Rule>();

/** The rule with the floor that a reading in whole numbers sets, unless it has one of its own. Valid until the next call; to be called before `measure`. */
export function flooredRule(columns: SharedColumns, row: number, rule: Rule, at: number, value: number): Rule {
  if (rule.kind === 'gauge' || rule.minEffect > 0 || !Number.isInteger(value)) return rule;
  let copy = copies.get(rule);
  if (!copy) copies.set(rule, (copy = { ...rule }));
  copy.minEffect = chanceEvents / ((at - columns.readingAt[row]!) / 1_000);
  return copy;
}
