import type { Db } from '@nightshift/db';
import { NightshiftError, type Incident, type IncidentState, type Stage, type StageJob } from '@nightshift/types';
import { findIncident } from './rows.ts';
import { finishJob } from './step.ts';

export type StageContext = {
  incident: Incident;
  stage: Stage;
  generation: number;
  /** Aborted when the job's time is over. */
  signal: AbortSignal;
};

/** `done`: nothing is owed any more. `againMs`: ring again after that long; the timer is in Postgres, not in this process. */
export type StageOutcome = 'done' | { againMs: number };
export type StageHandler = (context: StageContext) => Promise<StageOutcome>;

/** The states in which a stage still has something to do. In any other its job is finished without effect. */
const relevant: Record<Stage, readonly IncidentState[]> = {
  // Again after an action, perhaps when that has already been seen to work.
  diagnose: ['diagnosing', 'remediating', 'verifying', 'resolved'],
  remediate: ['deciding', 'remediating'],
  verify: ['verifying', 'escalated'],
  escalate: ['escalated'],
  postmortem: ['resolved', 'closed'],
};

/**
 * Runs a stage job: believes only Postgres. A job without an open outbox row (forged, repeated, overtaken) has no effect.
 * Returns why it did nothing, or the handler's outcome. A throw leaves the row owed, so the job comes again.
 */
export async function runStage(
  db: Db,
  job: StageJob,
  signal: AbortSignal,
  handler: StageHandler,
): Promise<StageOutcome | 'not_owed' | 'overtaken'> {
  const { incidentId, stage, generation } = job;
  const owed = await db.query(
    `SELECT 1 FROM outbox WHERE incident_id = $1 AND stage = $2 AND generation = $3 AND done_at IS NULL`,
    [incidentId, stage, generation],
  );
  if (owed.length === 0) return 'not_owed';
  const incident = await findIncident(db, incidentId);
  if (!incident) throw new NightshiftError('NOT_FOUND', `there is no incident ${incidentId}`);
  if (!relevant[stage].includes(incident.state)) {
    await finishJob(db, incidentId, job);
    return 'overtaken';
  }
  const outcome = await handler({ incident, stage, generation, signal });
  if (outcome === 'done') await finishJob(db, incidentId, job);
  else await postpone(db, job, outcome.againMs);
  return outcome;
}

async function postpone(db: Db, job: StageJob, againMs: number) {
  await db.query(
    `UPDATE outbox SET sends = 0, due_at = nightshift_now() + $4 * interval '1 millisecond'
      WHERE incident_id = $1 AND stage = $2 AND generation = $3 AND done_at IS NULL`,
    [job.incidentId, job.stage, job.generation, againMs],
  );
}
