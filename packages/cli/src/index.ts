export { openLog, type Log } from './log.ts';
export { startSystem, type Replicas, type System, type SystemOptions } from './system.ts';
