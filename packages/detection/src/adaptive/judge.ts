import type { Verdict } from '../detector.ts';
import { harms, type Rule } from '../rules.ts';
import type { Band } from '../series/detector.ts';
import { followEpisode } from '../series/episodes.ts';
import { maxScore } from '../tail.ts';
import { near, slow, type Columns } from './columns.ts';
import { alarmEvidence, criticalScore, ordinary, slowCap, slowWorth } from './constants.ts';
import { newsOf, noveltyOf, raised, residualOfAlarm, scoreOf, tailOf } from './evidence.ts';
import type { Forecast } from './forecast.ts';
import { habituated } from './habit.ts';
import { followHold, hold, isHeld } from './hold.ts';
import { slowScaleOf, type Residuals } from './residuals.ts';

/** Where the tail alone would be an alarm, and no closer than what the rule says matters. */
export function bandAround(columns: Columns, row: number, { expected, scale }: Forecast, rule: Rule): Band {
  return band(expected, residualOfAlarm(columns, row, near) * scale, rule);
}

function slowBand(columns: Columns, row: number, forecast: Forecast, rule: Rule): Band {
  return band(forecast.slowly, residualOfAlarm(columns, row, slow) * slowScaleOf(columns, row, forecast), rule);
}

function band(expected: number, reach: number, { sensitivity, minEffect }: Rule): Band {
  const half = Math.max(reach / sensitivity, minEffect);
  return { expected, low: expected - half, high: expected + half };
}

/** What a tail or evidence of the slow channel adds to that of the near one. */
const slowPart = (decades: number) => slowWorth * Math.max(0, Math.min(decades, slowCap) - ordinary);

/**
 * What a value means: anomalous if it is news enough for an alarm, on a side that is harm, by more than the floor; and as long
 * as it then stays outside of the band from before that alarm.
 */
export function judge(
  columns: Columns,
  row: number,
  at: number,
  elapsedMs: number,
  value: number,
  residuals: Residuals,
  rule: Rule,
  forecast: Forecast,
): Verdict {
  const held = isHeld(columns, row, value);
  const nearTail = tailOf(columns, row, near, rule.sensitivity * residuals.nearScales);
  const slowTail = tailOf(columns, row, slow, rule.sensitivity * residuals.slowScales);
  const nearEvidence = habituated(columns, row, near, at, nearTail, residuals.near);
  const slowEvidence = slowPart(habituated(columns, row, slow, at, slowTail, residuals.slow));
  const novelty = noveltyOf(columns, row, at, value, forecast.scale);
  const evidence = raised(nearEvidence + slowEvidence, novelty);
  const news = newsOf(columns, row, at, evidence);
  const tail = nearTail + slowPart(slowTail);

  const slowly = news >= alarmEvidence && slowEvidence > nearEvidence - ordinary;
  const shown = held
    ? heldBand(columns, row)
    : slowly
      ? slowBand(columns, row, forecast, rule)
      : bandAround(columns, row, forecast, rule);
  const distance = Math.abs(value - shown.expected);
  const direction = value < shown.expected ? 'down' : 'up';
  const floored = distance < rule.minEffect || distance === 0;
  const harmful = harms(rule, direction) && !floored;
  const alarm = harmful && news >= alarmEvidence;
  const score = tail * (1 + novelty);
  if (alarm && !held) {
    endBefore(shown, value, rule);
    hold(columns, row, at, shown, score);
  }
  const anomalous = harmful && (alarm || held);
  const worst = anomalous ? (columns.heldScore[row] = Math.max(score, columns.heldScore[row]!)) : score;
  const far = Math.max(tail, evidence) >= alarmEvidence;
  const because =
    anomalous || !far ? undefined : floored ? 'below_floor' : harms(rule, direction) ? 'usual' : 'direction';
  const verdict: Verdict = {
    state: anomalous ? 'anomalous' : 'normal',
    accepted: true,
    dropped: undefined,
    value,
    expected: shown.expected,
    low: shown.low,
    high: shown.high,
    score: Math.min(maxScore, worst),
    alarmScore: scoreOf(news),
    alarm,
    severity: !anomalous ? undefined : worst >= criticalScore ? 'critical' : 'warning',
    direction: anomalous || because ? direction : undefined,
    because,
    episodeAt: null,
  };
  followEpisode(columns, row, at, elapsedMs, verdict, rule);
  followHold(columns, row, at, held || alarm, forecast);
  return verdict;
}

function heldBand(columns: Columns, row: number): Band {
  return { expected: columns.heldExpected[row]!, low: columns.heldLow[row]!, high: columns.heldHigh[row]! };
}

/** A novelty, or both channels together, may set off an alarm inside the band: then it ends halfway to the value. */
function endBefore(shown: Band, value: number, { minEffect }: Rule): void {
  if (value < shown.low || value > shown.high) return;
  const half = Math.max(Math.abs(value - shown.expected) / 2, minEffect);
  if (value > shown.expected) shown.high = shown.expected + half;
  else shown.low = shown.expected - half;
}
