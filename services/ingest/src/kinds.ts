import { Sample, type MetricKind } from '@nightshift/types';
import { createRecentMap } from './recent-map.ts';
import type { Store } from './store.ts';

const MetricName = Sample.shape.name;
/** Metrics whose kind is remembered, and how long what was written down is not written again. */
const remembered = 50_000;
const repeatMs = 10 * 60_000;

/** What senders say that their metrics are. */
export type Kinds = {
  of(metric: string): MetricKind | undefined;
  /** Writes down what is new or was not said for ten minutes. Rejects when the database is out of reach. */
  learn(said: ReadonlyMap<string, MetricKind>): Promise<void>;
};

export function openKinds(store: Pick<Store, 'sayKinds'>): Kinds {
  const known = createRecentMap<MetricKind>(remembered);
  /** Until when (performance.now) a metric's being of a kind is written down. */
  const written = createRecentMap<number>(remembered);
  return {
    of: (metric) => known.get(metric),
    async learn(said) {
      if (said.size === 0) return;
      const at = performance.now();
      const news = [...said].filter(
        ([metric, kind]) => MetricName.safeParse(metric).success && (written.get(`${kind} ${metric}`) ?? 0) < at,
      );
      if (news.length > 0) await store.sayKinds(news.map(([metric, kind]) => ({ metric, kind })));
      for (const [metric, kind] of news) {
        written.set(`${kind} ${metric}`, at + repeatMs);
        known.set(metric, kind);
      }
    },
  };
}
