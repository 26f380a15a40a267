import type { Silence } from '../detector.ts';
import type { Rule } from '../rules.ts';
import { maxScore } from '../tail.ts';
import { ring, type Fields, type SharedColumns, type SharedFields } from './columns.ts';
import type { Band } from './detector.ts';
import { removeRow, type Table } from './table.ts';

const second = 1_000;
/** Silent: nothing for five of its usual steps, and for at least half a minute. Needs a few samples to know the step. */
const silentSteps = 5;
const silentMs = 30 * second;
const samplesToKnowStep = 5;

/** The band a series had when it fell silent; null: it is still learning. */
type LastBand = (row: number, rule: Rule) => Band | null;

/** The series that have been silent for longer than their habit. Forgets those that have been for too long. */
export function findSilent<F extends Fields & SharedFields>(
  table: Table<F>,
  ruleOf: (seriesId: number, metric: string) => Rule,
  lastBand: LastBand,
  now: number,
  since: number,
): Silence[] {
  const found: Silence[] = [];
  // Backwards: forgetting moves the last row, which was looked at already.
  for (let row = table.rows - 1; row >= 0; row--) {
    const columns: SharedColumns = table.columns;
    const quietMs = now - Math.max(columns.lastAt[row]!, since);
    if (quietMs > table.layout.forgetAfterMs) removeRow(table, row);
    else if (columns.samples[row]! >= samplesToKnowStep) {
      const stepMs = columns.stepMs[row]!;
      if (quietMs > Math.max(silentMs, silentSteps * stepMs)) {
        const metric = table.metrics[columns.metric[row]!]!;
        const rule = ruleOf(columns.seriesId[row]!, metric);
        found.push(silenceOf(columns, row, metric, rule, lastBand, quietMs / stepMs));
      }
    }
  }
  return found;
}

function silenceOf(
  columns: SharedColumns,
  row: number,
  metric: string,
  rule: Rule,
  lastBand: LastBand,
  missedSteps: number,
): Silence {
  const band = lastBand(row, rule);
  // Without a band nobody could say later that it recovered.
  const alarm = rule.noData === 'alert' && rule.judge && band !== null;
  return {
    seriesId: columns.seriesId[row]!,
    metric,
    state: alarm ? 'no-data' : 'stale',
    policy: rule.noData,
    lastAt: columns.lastAt[row]!,
    lastValue: columns.pointValue[row * ring + ((columns.points[row]! + ring - 1) % ring)]!,
    expected: band?.expected ?? NaN,
    low: band?.low ?? NaN,
    high: band?.high ?? NaN,
    score: Math.min(maxScore, Math.floor(missedSteps)),
  };
}
