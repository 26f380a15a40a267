export { drainQueue, lookAtDrain, pauseQueue, quarantineOf, restoreQueue, resumeQueue } from './drain.ts';
export { inspectQueue, type Inspection } from './inspect.ts';
export { connectQueue, type Depth, type Queue, type QueueOptions } from './queue.ts';
export type { Consumer, JobContext, JobEvent, JobHandler } from './consumer.ts';
export { migrateQueue } from './postgres.ts';
export type { QuarantineRecord } from './quarantine.ts';
