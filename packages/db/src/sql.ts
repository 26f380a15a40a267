import type { Pool, PoolClient } from 'pg';

/** Whatever runs SQL: the pool, or a transaction. Rows come back as plain objects, times as epoch ms, bigint as number. */
export type Sql = { query<Row = Record<string, unknown>>(text: string, params?: unknown[]): Promise<Row[]> };

/** Inside a transaction. Functions that need atomicity take a `Tx`, so that they cannot be called without one. */
export type Tx = Sql & {
  readonly inTransaction: true;
  /**
   * As `query`, planned once per connection under a name of its own: for what every step does, where planning costs as much as doing it.
   */
  prepared<Row = Record<string, unknown>>(name: string, text: string, params: unknown[]): Promise<Row[]>;
};

export function txOf(client: PoolClient): Tx {
  return {
    ...sqlOf(client),
    inTransaction: true,
    async prepared<Row>(name: string, text: string, values: unknown[]) {
      const result = await client.query({ name, text, values });
      return result.rows as Row[];
    },
  };
}

export function sqlOf(client: Pool | PoolClient): Sql {
  return {
    async query<Row>(text: string, params?: unknown[]) {
      const result = await client.query(text, params);
      return result.rows as Row[];
    },
  };
}

/** The only row of an answer; throws where there is none or more than one. */
export function only<Row>(rows: Row[]): Row {
  if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
  return rows[0]!;
}
