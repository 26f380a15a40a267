import { only, type Sql } from './sql.ts';

/** The database's time in epoch ms: the only clock that deadlines, windows and leases know. */
export async function now(sql: Sql): Promise<number> {
  return only(await sql.query<{ at: number }>('SELECT nightshift_now() AS at')).at;
}

/** Moves the clock forward by `ms`. For tests: production never calls it. */
export async function moveClock(sql: Sql, ms: number): Promise<void> {
  await sql.query(`UPDATE clock SET ahead = ahead + $1 * interval '1 millisecond'`, [ms]);
}
