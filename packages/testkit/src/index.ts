export { postgresUrl, testDatabase, type TestDatabase } from './database.ts';
export { eventually } from './eventually.ts';
export { insertIncident, insertOwed } from './seed.ts';
