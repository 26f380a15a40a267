import type { Judgement, Silence } from '@nightshift/detection';
import type { Direction, Severity } from '@nightshift/types';
import type { SeriesInfo } from './series.ts';

/** A series outside its band, from its first harmful sample until it was calm again. The band is the one from before. */
export type Episode = {
  seriesId: number;
  service: string;
  metric: string;
  startedAt: number;
  lastAt: number;
  endedAt: number | null;
  /** The worst of it. */
  value: number;
  expected: number;
  low: number;
  high: number;
  score: number;
  severity: Severity;
  direction: Direction;
  /** It fell silent, where its rule calls that an anomaly; `value` is its last one. */
  silent: boolean;
  /** In words, where a person's own rule says that it is one. */
  reason: string | null;
  /** Its row, once committed. */
  rowId: number | null;
};

/** The episodes of one shard: those that run, and those whose news has not been committed yet. */
export type Episodes = { running: Map<number, Episode>; changed: Set<Episode> };

/** After a take-over from an older snapshot an episode may seem to begin anew; so close to what is known of it, it is the same. */
const takenOverMs = 60_000;

export const noEpisodes = (): Episodes => ({ running: new Map(), changed: new Set() });

/** What a verdict means for the episodes: one begins, goes on, gets worse, or ends. */
export function follow(episodes: Episodes, series: SeriesInfo, at: number, verdict: Judgement): void {
  const running = episodes.running.get(series.id);
  const over = verdict.episodeAt === null || (running && verdict.episodeAt > running.lastAt + takenOverMs);
  if (running && over) end(episodes, running, at);
  if (verdict.state !== 'anomalous') return;
  const { value, expected, low, high, score, severity = 'warning', direction = 'up', reason = null } = verdict;
  const startedAt = verdict.episodeAt ?? at;
  note(episodes, series, {
    startedAt,
    lastAt: at,
    value,
    expected,
    low,
    high,
    score,
    severity,
    direction,
    silent: false,
    reason,
  });
}

/** What silence means: an episode where the rule says so, the end of one where it says that silence is nothing. */
export function followSilence(episodes: Episodes, series: SeriesInfo, now: number, silence: Silence): void {
  const running = episodes.running.get(series.id);
  if (silence.state === 'no-data') {
    const { lastAt, lastValue, expected, low, high, score } = silence;
    const severity = 'critical';
    note(episodes, series, {
      startedAt: lastAt,
      lastAt: now,
      value: lastValue,
      expected,
      low,
      high,
      score,
      severity,
      direction: 'down',
      silent: true,
      reason: null,
    });
  } else if (running && silence.policy === 'ignore') end(episodes, running, now);
}

function note(
  episodes: Episodes,
  series: SeriesInfo,
  seen: Omit<Episode, 'seriesId' | 'service' | 'metric' | 'endedAt' | 'rowId'>,
) {
  let episode = episodes.running.get(series.id);
  if (!episode) {
    episode = {
      ...seen,
      seriesId: series.id,
      service: series.service,
      metric: series.name,
      endedAt: null,
      rowId: null,
    };
    episodes.running.set(series.id, episode);
  } else {
    const { value, score, direction } = seen;
    if (score >= episode.score) Object.assign(episode, { value, score, direction });
    if (seen.severity === 'critical') episode.severity = 'critical';
    episode.lastAt = Math.max(episode.lastAt, seen.lastAt);
    episode.silent = seen.silent;
    episode.reason = seen.reason ?? episode.reason;
  }
  episodes.changed.add(episode);
}

function end(episodes: Episodes, episode: Episode, at: number) {
  episode.endedAt = at;
  episodes.running.delete(episode.seriesId);
  episodes.changed.add(episode);
}
