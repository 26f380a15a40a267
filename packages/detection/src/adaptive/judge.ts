import type { Verdict } from '../detector.ts';
import { harms, type Rule } from '../rules.ts';
import type { Band } from '../series/detector.ts';
import { followEpisode } from '../series/episodes.ts';
import { maxScore } from '../tail.ts';
import type { Columns } from './columns.ts';
import { alarmScore, criticalScore } from './constants.ts';
import { newsOf, noveltyOf, residualOfAlarm, scoreOf, tailOf } from './evidence.ts';
import type { Forecast } from './forecast.ts';
import { followHold, hold, isHeld } from './hold.ts';

/** Where the tail alone would reach the threshold, and no closer than what the rule says matters. */
export function bandAround(columns: Columns, row: number, { expected, scale }: Forecast, rule: Rule): Band {
  const half = Math.max(residualOfAlarm(columns, row) * scale, rule.minEffect);
  return { expected, low: expected - half, high: expected + half };
}

/**
 * What a value means: anomalous if it is news enough for an alarm, on a side that is harm, by more than the floor; and as long
 * as it then stays outside of the band from before that alarm.
 */
export function judge(
  columns: Columns,
  row: number,
  at: number,
  value: number,
  residual: number,
  rule: Rule,
  forecast: Forecast,
): Verdict {
  const held = isHeld(columns, row, value);
  const score = scoreOf(tailOf(columns, row, residual), noveltyOf(columns, row, value, forecast.scale));
  const news = newsOf(columns, row, at, score);
  const from = held ? columns.heldExpected[row]! : forecast.expected;
  const direction = value < from ? 'down' : 'up';
  const floored = Math.abs(value - from) < rule.minEffect;
  const harmful = harms(rule, direction) && !floored;
  const alarm = harmful && news >= alarmScore;
  const band = held ? heldBand(columns, row) : bandAround(columns, row, forecast, rule);
  if (alarm && !held) {
    includeNot(band, columns, row, value, rule);
    hold(columns, row, at, band, score);
  }
  const anomalous = harmful && (alarm || held);
  const worst = anomalous ? (columns.heldScore[row] = Math.max(score, columns.heldScore[row]!)) : score;
  const because =
    anomalous || score < alarmScore ? undefined : floored ? 'below_floor' : harmful ? undefined : 'direction';
  const verdict: Verdict = {
    state: anomalous ? 'anomalous' : 'normal',
    accepted: true,
    dropped: undefined,
    value,
    expected: band.expected,
    low: band.low,
    high: band.high,
    score: Math.min(maxScore, worst),
    alarmScore: news,
    alarm,
    severity: !anomalous ? undefined : worst >= criticalScore ? 'critical' : 'warning',
    direction: anomalous || because ? direction : undefined,
    because,
    episodeAt: followEpisode(columns, row, at, anomalous),
  };
  followHold(columns, row, at, held || alarm);
  return verdict;
}

function heldBand(columns: Columns, row: number): Band {
  return { expected: columns.heldExpected[row]!, low: columns.heldLow[row]!, high: columns.heldHigh[row]! };
}

/** A novelty may set off an alarm inside the band: then the band ends where the range so far does. */
function includeNot(band: Band, columns: Columns, row: number, value: number, rule: Rule): void {
  const { expected } = band;
  if (value >= band.low && value <= band.high) {
    if (value > expected) band.high = Math.max(columns.greatest[row]!, expected + rule.minEffect);
    else band.low = Math.min(columns.least[row]!, expected - rule.minEffect);
  }
}
