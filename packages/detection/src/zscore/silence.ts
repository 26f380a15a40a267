import type { Silence } from '../detector.ts';
import type { Rule } from '../rules.ts';
import { maxScore } from '../tail.ts';
import { bandOf } from './band.ts';
import { ring } from './columns.ts';
import { forgetAfterMs, minLearned, samplesToKnowStep, silentMs, silentSteps } from './constants.ts';
import { removeRow, type Table } from './table.ts';

/** The series that have been silent for longer than their habit. Forgets those that have been for two days. */
export function findSilent(table: Table, ruleOf: (metric: string) => Rule, now: number, since: number): Silence[] {
  const found: Silence[] = [];
  // Backwards: forgetting moves the last row, which was looked at already.
  for (let row = table.rows - 1; row >= 0; row--) {
    const { columns } = table;
    const quietMs = now - Math.max(columns.lastAt[row]!, since);
    if (quietMs > forgetAfterMs) removeRow(table, row);
    else if (columns.samples[row]! >= samplesToKnowStep) {
      const stepMs = columns.stepMs[row]!;
      if (quietMs > Math.max(silentMs, silentSteps * stepMs))
        found.push(silenceOf(table, row, ruleOf, quietMs / stepMs));
    }
  }
  return found;
}

function silenceOf(table: Table, row: number, ruleOf: (metric: string) => Rule, missedSteps: number): Silence {
  const { columns } = table;
  const metric = table.metrics[columns.metric[row]!]!;
  const rule = ruleOf(metric);
  const band = bandOf(columns.window, row * ring, columns.learned[row]!, rule.minEffect);
  // Without a band nobody could say later that it recovered.
  const alarm = rule.noData === 'alert' && rule.judge && columns.learned[row]! >= minLearned;
  return {
    seriesId: columns.seriesId[row]!,
    metric,
    state: alarm ? 'no-data' : 'stale',
    policy: rule.noData,
    lastAt: columns.lastAt[row]!,
    lastValue: columns.pointValue[row * ring + ((columns.points[row]! + ring - 1) % ring)]!,
    expected: band.expected,
    low: band.low,
    high: band.high,
    score: Math.min(maxScore, Math.floor(missedSteps)),
  };
}
