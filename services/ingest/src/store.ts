import { only, type Db } from '@nightshift/db';
import { activeTokens, type ActiveToken } from '@nightshift/runtime';
import { errorMessage, inputLimits, newId, NightshiftError, type MetricKind } from '@nightshift/types';
import { timeOf, type Change } from './changes/change.ts';

/** A series as ingest first sees it: its canonical key, and what the other services read about it. */
export type NewSeries = {
  key: string;
  name: string;
  labels: Record<string, string>;
  service: string;
  /** The shard where it must live; null: any. */
  home: number | null;
  /** Whose it will be. */
  sender: number;
};

/** The SQL of ingest. Everything rejects with DATABASE_UNAVAILABLE within 5 s when Postgres is out of reach. */
export type Store = ReturnType<typeof openStore>;

const answerMs = 5_000;
/** Within this the same change, told without a time, is a sender's second try. */
const retoldMs = 10 * 60_000;

export function openStore(db: Db) {
  const query = <Row>(text: string, params?: unknown[]) =>
    reached(db.query<Row>(text, params, AbortSignal.timeout(answerMs)));
  return {
    activeTokens: (): Promise<ActiveToken[]> => activeTokens({ query }),

    /** The number of shards: `wanted` (or 4) at the very first start, what it was then ever after. */
    async shardCount(wanted: number | undefined): Promise<number> {
      await query(
        `INSERT INTO setting (key, value, by) VALUES ('shard_count', to_jsonb($1::int), 'ingest') ON CONFLICT (key) DO NOTHING`,
        [wanted ?? 4],
      );
      return only(await query<{ value: number }>(`SELECT value FROM setting WHERE key = 'shard_count'`)).value;
    },

    /** How many series each sender registered; those of nobody under 0. */
    async seriesCounts(): Promise<Map<number, number>> {
      const rows = await query<{ sender: number; count: number }>(
        'SELECT coalesce(sender, 0) AS sender, count(*) AS count FROM series GROUP BY sender',
      );
      return new Map(rows.map(({ sender, count }) => [sender, count]));
    },

    async findSeries(keys: string[]): Promise<{ id: number; key: string }[]> {
      return query('SELECT id, key FROM series WHERE key = ANY ($1)', [keys]);
    },

    /** Registers series and returns the id of each that is new; those that another process registered meanwhile are left out. */
    async insertSeries(series: NewSeries[], shards: number): Promise<{ id: number; key: string; sender: number }[]> {
      // One order everywhere, so that two processes with the same news do not deadlock.
      const sorted = series.toSorted((a, b) => (a.key < b.key ? -1 : 1));
      return query(
        `INSERT INTO series (id, key, name, labels, service, sender) OVERRIDING SYSTEM VALUE
         SELECT series_id(home, $7), key, name, labels, service, sender
           FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::int[], $6::bigint[]) AS s (key, name, labels, service, home, sender)
         ON CONFLICT (key) DO NOTHING RETURNING id, key, sender`,
        [
          sorted.map((s) => s.key),
          sorted.map((s) => s.name),
          sorted.map((s) => JSON.stringify(s.labels)),
          sorted.map((s) => s.service),
          sorted.map((s) => s.home),
          sorted.map((s) => s.sender),
          shards,
        ],
      );
    },

    /**
     * Writes down what metrics are said to be. Of two who differ, the first is believed until nobody has repeated it for an hour.
     * Beyond the limit of metrics nothing new is taken.
     */
    async sayKinds(said: { metric: string; kind: MetricKind }[]): Promise<void> {
      await query(
        `INSERT INTO metric_kind AS known (metric, kind)
         SELECT metric, kind FROM unnest($1::text[], $2::text[]) AS said (metric, kind)
          WHERE (SELECT count(*) FROM metric_kind) < $3 OR EXISTS (SELECT 1 FROM metric_kind m WHERE m.metric = said.metric)
          ORDER BY metric
         ON CONFLICT (metric) DO UPDATE SET said_at = excluded.said_at, kind = excluded.kind,
           changed_at = CASE WHEN known.kind = excluded.kind THEN known.changed_at ELSE excluded.changed_at END
         WHERE known.kind = excluded.kind OR known.said_at < nightshift_now() - interval '1 hour'`,
        [said.map(({ metric }) => metric), said.map(({ kind }) => kind), inputLimits.metricKinds],
      );
    },

    /**
     * Records a change, unless it is known: by its origin, by its service, version and time, or, where its sender gave no time, because the same
     * was told in the last ten minutes.
     */
    async recordChange(given: Change, at: number): Promise<{ id: string; outcome: 'recorded' | 'repeated' }> {
      const { service, version, previousVersion, by, url, origin } = given;
      const deployedAt = timeOf(given.deployedAt, at);
      const sameSince = given.deployedAt === undefined ? at - retoldMs : deployedAt;
      for (;;) {
        const rows = await query<{ id: string; outcome: 'recorded' | 'repeated' }>(
          `WITH known AS (
             SELECT id FROM deployment same
              WHERE origin = $9
                 OR (service = $2 AND version = $3 AND deployed_at BETWEEN ms($8) AND ms($5)
                     AND NOT EXISTS (SELECT FROM deployment later WHERE later.service = $2 AND later.version <> $3
                                      AND later.deployed_at BETWEEN same.deployed_at AND ms($5)))
              LIMIT 1),
           added AS (
             INSERT INTO deployment (id, service, version, previous_version, deployed_at, by, url, origin)
             SELECT $1, $2, $3, $4, ms($5), $6, $7, $9 WHERE NOT EXISTS (SELECT FROM known)
             ON CONFLICT DO NOTHING RETURNING id)
           SELECT id, 'repeated' AS outcome FROM known UNION ALL SELECT id, 'recorded' FROM added`,
          [
            newId('dep'),
            service,
            version,
            previousVersion ?? null,
            deployedAt,
            by ?? null,
            url ?? null,
            sameSince,
            origin ?? null,
          ],
        );
        // None where another process recorded it meanwhile: it is known now.
        if (rows.length > 0) return only(rows);
      }
    },
  };
}

/** Classes of SQLSTATE that say "not now": connection (08), resources (53), operator intervention and time-outs (57), lock not available. */
const notNow = /^(08|53|57|55P03)/;

/** Rejects with DATABASE_UNAVAILABLE where Postgres could not do the work now, with what it says where the work is wrong. */
export async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof NightshiftError) throw cause;
    const code = (cause as { code?: unknown }).code;
    const refusedByServer = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !notNow.test(code);
    if (refusedByServer) throw cause;
    throw new NightshiftError('DATABASE_UNAVAILABLE', `Postgres does not answer: ${errorMessage(cause)}`, { cause });
  }
}
