import { only, type Db } from '@nightshift/db';

type Connection = Awaited<ReturnType<Db['dedicated']>>;
type Row = { id: string; seq: number; at: number };

/** Which incidents something has happened to since the look before; `many`: too many to name. */
export type Timeline = { changed(on: Connection): Promise<string[] | 'many'> };

/**
 * An event bears the time at which its transaction began to decide, and may be seen up to so much later than younger ones. One that is
 * committed later still is not told of; its incident is read again with its next event.
 */
const overlapMs = 5_000;
const most = 1_000;

/** Follows what happens from the first look on. */
export function newTimeline(): Timeline {
  let since: number | undefined;
  let told = new Set<string>();
  return {
    async changed(on) {
      since ??= only((await on.query<{ at: number }>('SELECT nightshift_now() AS at')).rows).at;
      const { rows } = await on.query<Row>(
        'SELECT incident_id AS id, seq, at FROM event WHERE at > ms($1) ORDER BY at DESC LIMIT $2',
        [since - overlapMs, most],
      );
      const fresh = rows.filter((row) => !told.has(keyOf(row)));
      told = new Set(rows.map(keyOf));
      since = Math.max(since, rows[0]?.at ?? 0);
      return fresh.length === most ? 'many' : [...new Set(fresh.map(({ id }) => id))];
    },
  };
}

const keyOf = ({ id, seq }: Row) => `${id} ${seq}`;
