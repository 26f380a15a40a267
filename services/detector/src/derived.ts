import type { Db } from '@nightshift/db';
import type { SignalSample } from '@nightshift/detection';
import { seriesKey } from '@nightshift/types';
import type { SeriesInfo, SeriesNames } from './series.ts';

/** Series that are made of others. They are registered like those that are sent, in the shard of what they are made of. */
export type DerivedSeries = {
  /** The series of each sample, registering what is new; undefined where its labels are too long for an index. */
  of(samples: SignalSample[], shard: number): Promise<(SeriesInfo | undefined)[]>;
};

/** Postgres takes 2,704 bytes in an index entry. */
const greatestKeyBytes = 2_600;

export function derivedSeries(db: Db, names: SeriesNames, shardCount: number): DerivedSeries {
  const ids = new Map<string, number>();

  async function register(samples: Map<string, SignalSample>, shard: number) {
    const keys = [...samples.keys()].sort();
    const rows = keys.map((key) => samples.get(key)!);
    const inserted = await db.query<{ id: number; key: string }>(
      `INSERT INTO series (id, key, name, labels, service) OVERRIDING SYSTEM VALUE
       SELECT series_id($5, $6), key, name, labels, service FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[]) AS s (key, name, labels, service)
        WHERE NOT EXISTS (SELECT FROM series known WHERE known.key = s.key) ON CONFLICT (key) DO NOTHING RETURNING id, key`,
      [
        keys,
        rows.map(({ name }) => name),
        rows.map(({ labels }) => JSON.stringify(labels)),
        rows.map(({ service }) => service),
        shard,
        shardCount,
      ],
    );
    const found = await db.query<{ id: number; key: string }>('SELECT id, key FROM series WHERE key = ANY ($1)', [
      keys,
    ]);
    for (const { id, key } of [...inserted, ...found]) ids.set(key, id);
  }

  return {
    async of(samples, shard) {
      const keys = samples.map(keyOf);
      const unknown = new Map(samples.flatMap((sample, i) => (isNew(keys[i]!, ids) ? [[keys[i]!, sample]] : [])));
      if (unknown.size > 0) await register(unknown, shard);
      const infos = await names.find(keys.flatMap((key) => ids.get(key) ?? []));
      return keys.map((key) => infos.get(ids.get(key) ?? 0));
    },
  };
}

/** Nothing that is sent has such a key: it may have the same name. */
const keyOf = ({ name, labels }: SignalSample) => `=${seriesKey(name, labels)}`;

const isNew = (key: string, ids: Map<string, number>) => !ids.has(key) && Buffer.byteLength(key) <= greatestKeyBytes;
