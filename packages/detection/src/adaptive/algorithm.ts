import type { Verdict } from '../detector.ts';
import type { Rule } from '../rules.ts';
import type { Algorithm } from '../series/detector.ts';
import { remember } from '../series/points.ts';
import { undecided } from '../series/undecided.ts';
import { layout, near, slow, type Columns } from './columns.ts';
import { minLearned } from './constants.ts';
import { learnTail } from './evidence.ts';
import { forecastInto, makeForecast } from './forecast.ts';
import { bandAround, judge } from './judge.ts';
import { begin, learn } from './learning.ts';
import { makeResiduals, measureInto } from './residuals.ts';

/**
 * Forecasts each sample from what came before, asks how often this series is that far off by itself, and tells an alarm once.
 * Learns as it goes, daily and weekly seasons too. The method is explained in docs/detection.md.
 */
export const adaptive: Algorithm<typeof layout.fields> = { name: 'adaptive', layout, assess, lastBand };

/** Used by one sample at a time. */
const forecast = makeForecast();
const residuals = makeResiduals();

function lastBand(columns: Columns, row: number, rule: Rule) {
  if (columns.learned[row]! < minLearned) return null;
  forecastInto(forecast, columns, row, columns.lastAt[row]!, 0, rule.seasonality);
  return bandAround(columns, row, forecast, rule);
}

function assess(columns: Columns, row: number, at: number, elapsedMs: number, value: number, rule: Rule): Verdict {
  const learned = columns.learned[row]!;
  if (learned === 0) {
    begin(columns, row, at, value);
    remember(columns, row, at, value, null);
    return undecided(value, rule.judge ? 'learning' : 'not_judged');
  }
  forecastInto(forecast, columns, row, at, elapsedMs, rule.seasonality);
  measureInto(residuals, columns, row, elapsedMs, value, forecast);
  const judged = rule.judge && learned >= minLearned;
  const verdict = judged ? judge(columns, row, at, elapsedMs, value, residuals, rule, forecast) : undefined;
  learnTail(columns, row, near, at, residuals.nearScales);
  learnTail(columns, row, slow, at, residuals.slowScales);
  learn(columns, row, at, elapsedMs, value, forecast, residuals);
  remember(columns, row, at, value, verdict ?? null);
  return verdict ?? undecided(value, rule.judge ? 'learning' : 'not_judged');
}
