import type { SeenSeries } from '@nightshift/runtime';
import type { SeriesState } from '@nightshift/types';
import type { Shard } from './shard.ts';

/** Longest time for which a look is answered anew, and how many of a shard are at a time. */
const askedWithin = '15 seconds';
const mostLooks = 500;

type Seen = Pick<SeenSeries, 'id' | 'at' | 'value' | 'low' | 'high' | 'state'>;
const unseen = { at: null, value: null, low: null, high: null, state: 'refused' } as const;

/** Says of the series that somebody looks at just now how they stand. A quick question each round; costs nothing more while nobody looks. */
export async function answerLooks(shard: Shard): Promise<void> {
  const asked = await shard.db.query<{ id: number }>(
    `SELECT series_id AS id FROM series_look
      WHERE series_id % $2 = $1 AND asked_at > nightshift_now() - interval '${askedWithin}' ORDER BY asked_at DESC LIMIT ${mostLooks}`,
    [shard.fence.shard, shard.shardCount],
  );
  if (asked.length === 0) return;
  const seen = asked.flatMap(({ id }): Seen[] => {
    const last = shard.detector.history(id).at(-1);
    if (last) return [{ id, ...last, state: stateOf(shard, id, last.expected) }];
    return shard.refused.has(id) ? [{ ...unseen, id }] : [];
  });
  const column = <K extends keyof Seen>(key: K) => seen.map((each) => each[key]);
  await shard.db.query(
    `UPDATE series_look l SET at = ms(s.at), value = s.value, low = s.low, high = s.high, state = s.state
       FROM unnest($1::bigint[], $2::bigint[], $3::float8[], $4::float8[], $5::float8[], $6::text[]) AS s (id, at, value, low, high, state)
      WHERE l.series_id = s.id`,
    [column('id'), column('at'), column('value'), column('low'), column('high'), column('state')],
  );
}

function stateOf(shard: Shard, id: number, expected: number | null): SeriesState {
  const episode = shard.episodes.running.get(id);
  if (episode) return episode.silent ? 'no-data' : 'anomalous';
  return expected === null ? 'learning' : 'normal';
}
