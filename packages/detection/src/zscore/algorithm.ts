import type { Verdict } from '../detector.ts';
import type { Rule } from '../rules.ts';
import { ring } from '../series/columns.ts';
import type { Algorithm } from '../series/detector.ts';
import { followEpisode } from '../series/episodes.ts';
import { remember } from '../series/points.ts';
import { undecided } from '../series/undecided.ts';
import { bandOf, judge } from './band.ts';
import { layout, type Columns } from './columns.ts';
import { minLearned } from './constants.ts';
import { followRun, learn } from './learning.ts';

/**
 * The reference rule (60 values, |z| above 3 and 4) with its defects mended. Judging comes before learning, and what lies
 * outside the band is not learned, so that an anomaly does not become its own baseline.
 */
export const zscore: Algorithm<typeof layout.fields> = { name: 'zscore', layout, assess, lastBand };

function lastBand(columns: Columns, row: number, rule: Rule) {
  const learned = columns.learned[row]!;
  return learned < minLearned ? null : bandOf(columns.window, row * ring, learned, rule);
}

function assess(columns: Columns, row: number, at: number, elapsedMs: number, value: number, rule: Rule): Verdict {
  const learned = columns.learned[row]!;
  if (!rule.judge || learned < minLearned) {
    remember(columns, row, at, value, null);
    learn(columns, row, value);
    return undecided(value, rule.judge ? 'learning' : 'not_judged');
  }
  const band = bandOf(columns.window, row * ring, learned, rule);
  const verdict = judge(value, band, rule);
  remember(columns, row, at, value, band);
  const outside = value < band.low || value > band.high;
  if (!outside) learn(columns, row, value);
  followEpisode(columns, row, at, elapsedMs, verdict, rule);
  followRun(columns, row, at, band, outside);
  return verdict;
}
