import type { Verdict } from '../detector.ts';
import type { Limit } from '../rules.ts';
import { maxScore } from '../tail.ts';

/** A series beyond its limit: since when, when it was last, how many samples have kept the limit since, whether it is an anomaly. */
export type Breach = { since: number; lastAt: number; kept: number; fired: boolean };

/** A verdict with the reason in words, where a fixed limit gives one. */
export type Judgement = Verdict & { reason?: string };

/** An episode is over when the limit was kept for a minute and by three samples. */
const calm = { ms: 60_000, samples: 3 };

/**
 * Judges a sample by the fixed limit of its rule, beside what the detector says of it. It is an anomaly once the limit was passed for
 * `forSeconds` without a sample that keeps it, and its episode goes on until the series was calm. Returns the breach to remember.
 */
export function judgeThreshold(
  threshold: Limit,
  before: Breach | undefined,
  at: number,
  verdict: Verdict,
): { judgement: Judgement; breach: Breach | undefined } {
  const over = passed(threshold, verdict.value);
  if (over) {
    const since = before?.since ?? at;
    const fired = before?.fired === true || at - since >= threshold.forSeconds * 1_000;
    const breach = { since, lastAt: at, kept: 0, fired };
    return { judgement: fired ? alarm(threshold, over, since, verdict) : verdict, breach };
  }
  const kept = (before?.kept ?? 0) + 1;
  if (!before?.fired || (kept >= calm.samples && at - before.lastAt > calm.ms))
    return { judgement: verdict, breach: undefined };
  return {
    judgement: { ...verdict, episodeAt: earlier(verdict.episodeAt, before.since) },
    breach: { ...before, kept },
  };
}

type Passed = { direction: 'up' | 'down'; limit: number };

function passed({ above, below }: Limit, value: number): Passed | null {
  if (above !== undefined && value > above) return { direction: 'up', limit: above };
  if (below !== undefined && value < below) return { direction: 'down', limit: below };
  return null;
}

function alarm(threshold: Limit, { direction, limit }: Passed, since: number, verdict: Verdict): Judgement {
  const { severity, forSeconds, words = '' } = threshold;
  const lasting = forSeconds > 0 ? ` for ${forSeconds} s` : '';
  const { low, high } = bandOf(threshold, verdict);
  return {
    ...verdict,
    state: 'anomalous',
    expected: Number.isNaN(verdict.expected) ? limit : Math.min(high, Math.max(low, verdict.expected)),
    low,
    high,
    // Nobody declares a limit that is passed by chance.
    score: severity === 'critical' ? maxScore : Math.max(verdict.score, maxScore / 2),
    alarmScore: Math.max(verdict.alarmScore, maxScore / 2),
    alarm: true,
    severity: verdict.severity === 'critical' ? 'critical' : severity,
    direction,
    because: undefined,
    episodeAt: earlier(verdict.episodeAt, since),
    reason: `${direction === 'up' ? 'above' : 'below'} ${figure(limit)}${words}${lasting}`,
  };
}

/** Within the limits, and within what was learned where that is known. A side without a limit ends at 0, or beyond the other one. */
function bandOf({ above, below }: Limit, { low, high }: Verdict): { low: number; high: number } {
  const learnedLow = Number.isNaN(low) || (above !== undefined && low > above) ? undefined : low;
  const learnedHigh = Number.isNaN(high) || (below !== undefined && high < below) ? undefined : high;
  return {
    low: below ?? learnedLow ?? Math.min(0, 2 * (above ?? 0)),
    high: above ?? learnedHigh ?? Math.max(0, 2 * (below ?? 0)),
  };
}

const earlier = (one: number | null, other: number) => (one === null ? other : Math.min(one, other));
const figure = (value: number) => String(Number(value.toPrecision(4)));
