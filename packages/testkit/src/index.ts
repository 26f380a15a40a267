export { buildRoom } from './build-room.ts';
export { everyRow, postgresUrl, testDatabase, type TestDatabase } from './database.ts';
export { noDocker, startDocker, type TestDocker } from './docker.ts';
export { eventually } from './eventually.ts';
export { freePort } from './free-port.ts';
export { insertIncident, insertOwed } from './seed.ts';
export { alertmanagerAvailable, prometheusAvailable, startAlertmanager, startPrometheus } from './prometheus.ts';
export { redisAvailable, startRedis, type TestRedis } from './redis.ts';
export { noSshd, startSshd, type TestSshd } from './sshd.ts';
