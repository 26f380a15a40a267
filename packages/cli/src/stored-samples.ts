import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import type { Backtest } from '@nightshift/backtest';
import { only, type Db } from '@nightshift/db';
import { decodeBatch, type Labels, type MetricKind } from '@nightshift/types';

const inflate = promisify(inflateRaw);

/** Which of the recorded samples: of the last so many milliseconds, of one service. */
export type StoredRange = { sinceMs?: number; service?: string };

export type Stored = {
  /** How many rows of `recorded_samples` there are to read. */
  rows: number;
  /** Replays all of it; `onRow` is told of each row and how many samples of it counted. Returns the number of samples. */
  replay(backtest: Backtest, onRow: (samples: number) => void): Promise<number>;
};

type Row = { id: number; recordedAt: number; batch: Buffer };

/** Rows hold up to 1 MB unpacked. */
const pageRows = 16;
/** Rows of other shards follow a little later: what they hold must not be taken for silence. A gap between rows is one of the recording. */
const settledMs = 15_000;
const gapMs = 30_000;
/** As the detector does. */
const lookMs = 5_000;
/** The detector drops samples that are this far ahead of its clock. */
const aheadMs = 60_000;

/** What the detector has recorded, in the order in which it was judged. */
export async function storedSamples(db: Db, { sinceMs, service }: StoredRange): Promise<Stored> {
  const range = await db.query<{ first: number | null; last: number | null; rows: number }>(
    `SELECT min(id) AS first, max(id) AS last, count(*)::int AS rows FROM recorded_samples
      WHERE $1::float8 IS NULL OR recorded_at > nightshift_now() - $1 * interval '1 millisecond'`,
    [sinceMs ?? null],
  );
  const { first, last, rows } = only(range);
  return {
    rows,
    async replay(backtest, onRow) {
      const idOf = seriesIds(db, backtest, service);
      let [samples, listeningSince, lastRowAt, lookedAt] = [0, -Infinity, -Infinity, -Infinity];
      for (let after = (first ?? 0) - 1; last !== null && after < last;) {
        const page = await db.query<Row>(
          `SELECT id, recorded_at AS "recordedAt", batch FROM recorded_samples WHERE id > $1 AND id <= $2 ORDER BY id LIMIT ${pageRows}`,
          [after, last],
        );
        if (page.length === 0) break; // deleted meanwhile
        for (const { recordedAt, batch } of page) {
          const { seriesIds: of, timestamps, values } = decodeBatch((await inflate(batch)).toString('base64'));
          const ids = await idOf(of);
          let counted = 0;
          for (let i = 0; i < of.length; i++) {
            const id = ids.get(of[i]!);
            if (id === undefined || timestamps[i]! > recordedAt + aheadMs) continue;
            backtest.sample(id, { at: Math.trunc(timestamps[i]!), value: values[i]!, labelled: false, warmUp: false });
            counted++;
          }
          backtest.settle();
          if (recordedAt - lastRowAt > gapMs) listeningSince = recordedAt;
          lastRowAt = recordedAt;
          if (recordedAt - lookedAt >= lookMs) {
            backtest.silence(recordedAt - settledMs, listeningSince);
            lookedAt = recordedAt;
          }
          samples += counted;
          onRow(counted);
        }
        after = page.at(-1)!.id;
      }
      return samples;
    },
  };
}

type Series = {
  id: number;
  metric: string;
  service: string;
  labels: Labels;
  createdAt: number;
  said: MetricKind | null;
};

/** The backtest's numbers of registered series, each asked for once; those of other services have none. */
function seriesIds(db: Db, backtest: Backtest, service: string | undefined) {
  const known = new Map<number, number>();
  const asked = new Set<number>();
  return async (ids: Uint32Array): Promise<ReadonlyMap<number, number>> => {
    const unknown = [...new Set(ids)].filter((id) => !asked.has(id));
    if (unknown.length === 0) return known;
    for (const id of unknown) asked.add(id);
    const rows = await db.query<Series>(
      `SELECT s.id, s.name AS metric, s.service, s.labels, s.created_at AS "createdAt", coalesce(k.kind, family.kind) AS said FROM series s
         LEFT JOIN metric_kind k ON k.metric = s.name
         LEFT JOIN metric_kind family ON family.metric = regexp_replace(s.name, '_total$', '')
        WHERE s.id = ANY ($1::bigint[]) AND ($2::text IS NULL OR s.service = $2)`,
      [unknown, service ?? null],
    );
    for (const { id, said, ...series } of rows)
      known.set(id, backtest.register({ ...series, ...(said && { said }) }, false));
    return known;
  };
}
