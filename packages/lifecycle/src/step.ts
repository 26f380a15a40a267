import type { Db, Tx } from '@nightshift/db';
import { NightshiftError, type Incident, type IncidentEvent, type Stage } from '@nightshift/types';
import { decide } from './decide.ts';
import { findIncidentAt } from './rows.ts';
import { noteOutcome } from './runbook-mode.ts';

export type StepOptions = {
  /** A service's name or a person: who the timeline says it was. */
  actor: string;
  /** The job this step finishes; its outbox row is marked done in the same transaction. */
  job?: { stage: Stage; generation: number };
  /** Rows that must be committed with this step or not at all. Runs only when the event is accepted. */
  also?: (tx: Tx, incident: Incident) => Promise<void>;
};

export type StepResult = { accepted: true; incident: Incident } | { accepted: false; reason: string };

const tries = 20;

/**
 * Lets one event happen to one incident, in one transaction: compare-and-set on its version, timeline, outbox, and whatever
 * `also` writes. Killed anywhere, either all of it happened or nothing did. Throws NOT_FOUND for an unknown incident.
 */
export function step(db: Db, incidentId: string, event: IncidentEvent, options: StepOptions): Promise<StepResult> {
  return db.tx((tx) => stepIn(tx, incidentId, event, options));
}

/** The same inside a transaction of the caller's. */
export async function stepIn(
  tx: Tx,
  incidentId: string,
  event: IncidentEvent,
  options: StepOptions,
): Promise<StepResult> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const { incident: before, at } = await findIncidentAt(tx, incidentId);
    const decision = decide(before, event, at);
    if (decision.kind === 'ignored') {
      if (options.job) await finishJob(tx, incidentId, options.job);
      return { accepted: false, reason: decision.reason };
    }
    const after = { ...decision.incident, version: before.version + 1 };
    const change = { before, after, event, at, stages: decision.stages, ...options };
    if (!(await write(tx, change))) continue; // somebody was faster: decide again on what is true now
    await options.also?.(tx, after);
    const demoted = await noteOutcome(tx, event, after);
    if (demoted)
      await stepIn(tx, incidentId, { kind: 'note', by: 'nightshift', text: demoted }, { actor: options.actor });
    return { accepted: true, incident: after };
  }
  throw new NightshiftError(
    'CONFLICT',
    `incident ${incidentId} changed ${tries} times while "${event.kind}" was decided`,
  );
}

type Change = Pick<StepOptions, 'actor' | 'job'> & {
  before: Incident;
  after: Incident;
  event: IncidentEvent;
  at: number;
  stages: Stage[];
};

/**
 * One statement, for each costs a round trip: sets the incident where it still has the version that was decided on, and only then adds to the
 * timeline, owes the next jobs and finishes this one. False: somebody was faster, and nothing was written.
 */
async function write(tx: Tx, { before, after, event, actor, at, stages, job }: Change): Promise<boolean> {
  const moved = before.state !== after.state;
  // The row lock that the compare-and-set takes makes max(seq) + 1 safe: who holds it is the only one to add.
  const rows = await tx.prepared(
    'step',
    `WITH moved AS (
       UPDATE incident SET title = $3, type = $4, severity = $5, state = $6, version = version + 1, generation = $7, decisions = $8,
              reopens = $9, acted_at = ms($10), resolved_at = ms($11), deadline_at = ms($12), resolution = $13,
              acknowledged_by = $14, acknowledged_at = ms($15), runbook = $16
        WHERE id = $1 AND version = $2 RETURNING id),
     told AS (
       INSERT INTO event (incident_id, seq, at, actor, from_state, to_state, event)
       SELECT id, (SELECT coalesce(max(seq), 0) + 1 FROM event WHERE incident_id = $1), ms($17), $18, $19, $20, $21 FROM moved),
     owed AS (
       INSERT INTO outbox (incident_id, stage, generation, due_at)
       SELECT id, unnest($22::text[]), $7, nightshift_now() FROM moved),
     finished AS (
       UPDATE outbox SET done_at = nightshift_now() FROM moved
        WHERE incident_id = id AND stage = $23 AND outbox.generation = $24 AND done_at IS NULL)
     SELECT id FROM moved`,
    [
      after.id,
      before.version,
      after.title,
      after.type,
      after.severity,
      after.state,
      after.generation,
      after.decisions,
      after.reopens,
      after.actedAt,
      after.resolvedAt,
      after.deadlineAt,
      after.resolution,
      after.acknowledgedBy,
      after.acknowledgedAt,
      after.runbook,
      at,
      actor,
      moved ? before.state : null,
      moved ? after.state : null,
      JSON.stringify(event),
      stages,
      job?.stage ?? null,
      job?.generation ?? null,
    ],
  );
  return rows.length === 1;
}

/** Marks a job as done: from now on it is never offered again, and a copy of it has no effect. */
export async function finishJob(tx: Tx | Db, incidentId: string, job: { stage: Stage; generation: number }) {
  await tx.query(
    `UPDATE outbox SET done_at = nightshift_now() WHERE incident_id = $1 AND stage = $2 AND generation = $3 AND done_at IS NULL`,
    [incidentId, job.stage, job.generation],
  );
}
