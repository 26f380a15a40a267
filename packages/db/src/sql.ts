import type { Pool, PoolClient } from 'pg';

/** Whatever runs SQL: the pool, or a transaction. Rows come back as plain objects, times as epoch ms, bigint as number. */
export type Sql = { query<Row = Record<string, unknown>>(text: string, params?: unknown[]): Promise<Row[]> };

/** Inside a transaction. Functions that need atomicity take a `Tx`, so that they cannot be called without one. */
export type Tx = Sql & { readonly inTransaction: true };

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
