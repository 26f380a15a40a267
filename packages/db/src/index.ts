export { moveClock, now } from './clock.ts';
export { migrate } from './migrate.ts';
export { openDb, type Db, type DbOptions } from './pool.ts';
export { only, type Sql, type Tx } from './sql.ts';
