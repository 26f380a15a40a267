import { now, type Db } from '@nightshift/db';
import { startLoop } from '@nightshift/lifecycle';

/** The database's clock without a query for each look at it. */
export type DbClock = { now(): number; close(): Promise<void> };

const everyMs = 1_000;

/** Asks the database for its time each second; in between, and while it is away, a monotonic clock goes on from the last answer. */
export async function startClock(db: Db, onError: (error: unknown) => void): Promise<DbClock> {
  let aheadMs = 0;
  const look = async () => {
    const asked = performance.now();
    const at = await now(db);
    aheadMs = at - (asked + performance.now()) / 2;
  };
  await look();
  const loop = startLoop({ everyMs, onError, round: () => look().then(() => 'idle' as const) });
  return { now: () => performance.now() + aheadMs, close: () => loop.close() };
}
