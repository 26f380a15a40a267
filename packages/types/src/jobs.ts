/**
 * The job catalogue: every queue of Nightshift on one screen. Jobs carry ids only; the consumer loads the truth from Postgres.
 * A service's handlers are a mapped type over this table, so a missing handler does not compile.
 */
import { z } from 'zod';
import { Stage } from './incident.ts';

/** A stage of one incident. Fields that later versions add must be optional: jobs of older versions are in flight. */
export const StageJob = z.object({
  v: z.literal(1),
  incidentId: z.string().min(1),
  stage: Stage,
  generation: z.number().int().min(0),
});
export type StageJob = z.infer<typeof StageJob>;

/** One flush of one shard; `batch` is packed (see batch.ts). */
export const SamplesJob = z.object({ v: z.literal(1), shard: z.number().int().min(0), batch: z.string() });
export type SamplesJob = z.infer<typeof SamplesJob>;

const second = 1_000;

export const jobs = {
  /** ingest -> detector; one queue per shard (`samples-<shard>`), id `<ingest process>-<sequence>`. */
  samples: {
    service: 'detector',
    queue: 'samples',
    schema: SamplesJob,
    attempts: 5,
    timeoutMs: 30 * second,
    concurrency: 1,
    sharded: true,
  },
  /** lifecycle -> the stage's service; id `<incidentId>-<stage>-<generation>`. */
  diagnose: {
    service: 'diagnostics',
    queue: 'diagnostics',
    schema: StageJob,
    attempts: 3,
    timeoutMs: 45 * second,
    concurrency: 8,
    sharded: false,
  },
  remediate: {
    service: 'runbook-executor',
    queue: 'runbook-executor',
    schema: StageJob,
    attempts: 3,
    timeoutMs: 660 * second,
    concurrency: 8,
    sharded: false,
  },
  verify: {
    service: 'detector',
    queue: 'detector',
    schema: StageJob,
    attempts: 3,
    timeoutMs: 30 * second,
    concurrency: 8,
    sharded: false,
  },
  escalate: {
    service: 'escalation',
    queue: 'escalation',
    schema: StageJob,
    attempts: 5,
    timeoutMs: 30 * second,
    concurrency: 8,
    sharded: false,
  },
  postmortem: {
    service: 'postmortem',
    queue: 'postmortem',
    schema: StageJob,
    attempts: 3,
    timeoutMs: 30 * second,
    concurrency: 4,
    sharded: false,
  },
} as const;

export type JobName = keyof typeof jobs;
export type JobPayload<J extends JobName> = z.infer<(typeof jobs)[J]['schema']>;
export type ServiceName =
  | 'ingest'
  | 'detector'
  | 'diagnostics'
  | 'runbook-executor'
  | 'escalation'
  | 'postmortem'
  | 'console';

/** The stage jobs that a service must handle. */
export type StagesOf<S extends ServiceName> = {
  [J in JobName]: (typeof jobs)[J]['service'] extends S ? (J extends Stage ? J : never) : never;
}[JobName];

/** Where jobs go whose attempts are used up: visible, out of the others' way. */
export const quarantineQueue = 'quarantine';

/** The queue of a job, with its shard where it has one. */
export function queueName(job: JobName, shard?: number): string {
  return jobs[job].sharded ? `${jobs[job].queue}-${shard ?? 0}` : jobs[job].queue;
}

/** The one job id of a stage: the same however often it is offered. */
export function stageJobId(incidentId: string, stage: Stage, generation: number): string {
  return `${incidentId}-${stage}-${generation}`;
}
