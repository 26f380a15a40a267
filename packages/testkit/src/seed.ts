import type { Sql } from '@nightshift/db';
import { newId, stateDeadlinesMs, type Incident, type Stage } from '@nightshift/types';

/** Puts an incident into the database as if it had lived until now; whatever is not given is ordinary. Returns its id. */
export async function insertIncident(sql: Sql, given: Partial<Incident> = {}): Promise<string> {
  const id = given.id ?? newId('inc');
  const state = given.state ?? 'diagnosing';
  const service = given.service ?? 'shop-api';
  const [{ at } = { at: 0 }] = await sql.query<{ at: number }>('SELECT nightshift_now() AS at');
  const deadlineAt = given.deadlineAt ?? (state === 'closed' ? null : at + stateDeadlinesMs[state]);
  await sql.query(
    `INSERT INTO incident (id, fingerprint, service, title, type, severity, state, version, generation, decisions, reopens, onset_at,
       opened_at, acted_at, resolved_at, deadline_at, resolution, acknowledged_by, acknowledged_at, runbook)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, ms($12), ms($13), ms($14), ms($15), ms($16), $17, $18, ms($19), $20)`,
    [
      id,
      given.fingerprint ?? `service:${service}`,
      service,
      given.title ?? `${service}: too many errors`,
      given.type ?? 'high_error_rate',
      given.severity ?? 'critical',
      state,
      given.version ?? 1,
      given.generation ?? 1,
      given.decisions ?? 0,
      given.reopens ?? 0,
      given.onsetAt ?? at - 5_000,
      given.openedAt ?? at,
      given.actedAt ?? null,
      given.resolvedAt ?? null,
      deadlineAt,
      given.resolution ?? null,
      given.acknowledgedBy ?? null,
      given.acknowledgedAt ?? null,
      given.runbook ?? null,
    ],
  );
  return id;
}

/** Owes a stage job to an incident, as its last step would have. */
export async function insertOwed(sql: Sql, incidentId: string, stage: Stage, generation = 1): Promise<void> {
  await sql.query(`INSERT INTO outbox (incident_id, stage, generation, due_at) VALUES ($1, $2, $3, nightshift_now())`, [
    incidentId,
    stage,
    generation,
  ]);
}
