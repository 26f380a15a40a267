import { now, type Db, type Tx } from '@nightshift/db';
import { NightshiftError, type Incident, type IncidentEvent, type Stage } from '@nightshift/types';
import { decide } from './decide.ts';
import { findIncident } from './rows.ts';
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
    const before = await findIncident(tx, incidentId);
    if (!before) throw new NightshiftError('NOT_FOUND', `there is no incident ${incidentId}`);
    const at = await now(tx);
    const decision = decide(before, event, at);
    if (decision.kind === 'ignored') {
      if (options.job) await finishJob(tx, incidentId, options.job);
      return { accepted: false, reason: decision.reason };
    }
    const after = { ...decision.incident, version: before.version + 1 };
    if (!(await compareAndSet(tx, after, before.version))) continue; // somebody was faster: decide again on what is true now
    await append(tx, before, after, event, options.actor, at);
    await owe(tx, after, decision.stages);
    if (options.job) await finishJob(tx, incidentId, options.job);
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

async function compareAndSet(tx: Tx, incident: Incident, version: number): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE incident SET title = $3, type = $4, severity = $5, state = $6, version = version + 1, generation = $7, decisions = $8,
            reopens = $9, acted_at = ms($10), resolved_at = ms($11), deadline_at = ms($12), resolution = $13,
            acknowledged_by = $14, acknowledged_at = ms($15), runbook = $16
      WHERE id = $1 AND version = $2 RETURNING id`,
    [
      incident.id,
      version,
      incident.title,
      incident.type,
      incident.severity,
      incident.state,
      incident.generation,
      incident.decisions,
      incident.reopens,
      incident.actedAt,
      incident.resolvedAt,
      incident.deadlineAt,
      incident.resolution,
      incident.acknowledgedBy,
      incident.acknowledgedAt,
      incident.runbook,
    ],
  );
  return rows.length === 1;
}

async function append(tx: Tx, before: Incident, after: Incident, event: IncidentEvent, actor: string, at: number) {
  const moved = before.state !== after.state;
  // The row lock taken by the compare-and-set makes max(seq) + 1 safe.
  await tx.query(
    `INSERT INTO event (incident_id, seq, at, actor, from_state, to_state, event)
     SELECT $1, coalesce(max(seq), 0) + 1, ms($2), $3, $4, $5, $6 FROM event WHERE incident_id = $1`,
    [after.id, at, actor, moved ? before.state : null, moved ? after.state : null, JSON.stringify(event)],
  );
}

async function owe(tx: Tx, incident: Incident, stages: Stage[]) {
  if (stages.length === 0) return;
  await tx.query(
    `INSERT INTO outbox (incident_id, stage, generation, due_at) SELECT $1, unnest($2::text[]), $3, nightshift_now()`,
    [incident.id, stages, incident.generation],
  );
}

/** Marks a job as done: from now on it is never offered again, and a copy of it has no effect. */
export async function finishJob(tx: Tx | Db, incidentId: string, job: { stage: Stage; generation: number }) {
  await tx.query(
    `UPDATE outbox SET done_at = nightshift_now() WHERE incident_id = $1 AND stage = $2 AND generation = $3 AND done_at IS NULL`,
    [incidentId, job.stage, job.generation],
  );
}
