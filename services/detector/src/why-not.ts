import type { Sql } from '@nightshift/db';
import type { Held, Verdict } from '@nightshift/detection';
import { noteBreaches, type Breach } from '@nightshift/lifecycle';
import type { WhyNot } from '@nightshift/types';
import type { SeriesInfo } from './series.ts';

/** So many different ones are remembered between two flushes; what is beyond them is not. */
const mostPending = 2_000;
/** A score from here on is a breach, even where a rule says that it is none. */
const breachScore = 3;

/** What a shard has to tell of breaches that opened nothing: once per series and reason, until it is flushed. */
export type WhyNotLog = {
  /** What the detector itself says no to. */
  verdict(series: SeriesInfo, at: number, verdict: Verdict): void;
  /** What there is no room for: told once per metric. */
  refused(series: SeriesInfo, at: number, detail: string): void;
  /** What correlation holds. */
  held(held: readonly Held[], at: number): void;
  flush(sql: Sql): Promise<void>;
};

const byDetector = {
  direction: 'it moved to the side that is no harm',
  below_floor: 'it moved by less than the floor of its rule (minEffect)',
  usual: 'this series goes that far out by itself',
  duration: 'it has not been out for as long as its rule asks (minDurationSeconds)',
  learning: 'too few samples to judge by',
} as const satisfies Partial<Record<WhyNot, string>>;

export function whyNotLog(): WhyNotLog {
  let pending = new Map<string, Breach>();
  const note = (given: Pick<Breach, 'service' | 'metric' | 'seriesId' | 'because' | 'detail'>, at: number) => {
    const key = `${given.service}\n${given.metric}\n${given.seriesId}\n${given.because}`;
    const known = pending.get(key);
    if (known)
      Object.assign(known, { times: known.times + 1, lastAt: Math.max(known.lastAt, at), detail: given.detail });
    else if (pending.size < mostPending) pending.set(key, { ...given, times: 1, firstAt: at, lastAt: at });
  };
  return {
    verdict({ id, service, name: metric }, at, { because, score }) {
      if (because === undefined || !(because in byDetector)) return;
      const why = because as keyof typeof byDetector;
      // Of a series that learns nobody knows whether it breached: told once per metric, for the question will be asked.
      if (why !== 'learning' && why !== 'usual' && !(score >= breachScore)) return;
      note({ service, metric, seriesId: why === 'learning' ? 0 : id, because: why, detail: byDetector[why] }, at);
    },
    refused: ({ service, name: metric }, at, detail) =>
      note({ service, metric, seriesId: 0, because: 'memory_limit', detail }, at),
    held(held, at) {
      for (const { signal, because, detail } of held)
        note({ service: signal.service, metric: signal.metric, seriesId: signal.seriesId, because, detail }, at);
    },
    async flush(sql) {
      if (pending.size === 0) return;
      const breaches = [...pending.values()];
      await noteBreaches(sql, breaches);
      pending = new Map();
    },
  };
}
