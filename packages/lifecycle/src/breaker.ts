/**
 * When too many services are sick at once the cause is beyond any one of them: automation stops everywhere, and one page goes out for the
 * whole. Durable. It closes when few have been sick for a while, or by a person; in between nothing moves it.
 */
import { now, only, type Db, type Sql, type Tx } from '@nightshift/db';
import { breakerLimits, newId, NightshiftError, stateDeadlinesMs } from '@nightshift/types';
import { closeGate } from './kill-switch.ts';
import { stepIn } from './step.ts';

type Value = {
  open: boolean;
  /** False after a person closed it, until few are sick: it does not open again on what that person has seen. */
  armed: boolean;
  sick: string[];
  services: number;
  /** The one incident that stands for the whole while it is open. */
  incidentId: string | null;
  calmSince: number | null;
  reason: string;
};
export type Breaker = Value & { by: string; at: number };

const actor = 'breaker';

/** How the breaker stands. Durable; read inside every admission. */
export async function readBreaker(sql: Sql): Promise<Breaker> {
  const row = only(
    await sql.query<{ value: Value; by: string; at: number }>(
      `SELECT value, by, at FROM setting WHERE key = 'breaker'`,
    ),
  );
  return { ...row.value, by: row.by, at: row.at };
}

/** Services of these that have an open incident, by name. */
export async function sickServices(sql: Sql, services: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ service: string }>(
    `SELECT DISTINCT service FROM incident WHERE state NOT IN ('resolved', 'closed') AND service = ANY ($1) ORDER BY 1`,
    [services],
  );
  return rows.map(({ service }) => service);
}

/** Too many of so many. Pure. */
export const tooManySick = (sick: number, services: number): boolean =>
  sick >= breakerLimits.atLeast && sick > breakerLimits.share * services;

const fewSick = (sick: number, services: number) => sick <= Math.max(1, breakerLimits.closeShare * services);

/** Opens or closes the breaker where that is due, from the incidents as they stand. Whoever asks may call it at any time. */
export function mindBreaker(db: Db, services: readonly string[]): Promise<Breaker> {
  return db.tx(async (tx) => {
    const before = await lockBreaker(tx);
    // A catalogue that cannot be read says nothing about who is well.
    if (services.length === 0) return before;
    const sick = await sickServices(tx, services);
    const at = await now(tx);
    if (before.open) return (await endedByPerson(tx, before)) ?? (await calmer(tx, before, sick, services.length, at));
    const few = fewSick(sick.length, services.length);
    if (!before.armed) return few ? save(tx, { ...before, armed: true }, actor) : before;
    return tooManySick(sick.length, services.length) ? open(tx, before, sick, services.length, at) : before;
  });
}

/** A person lets automation go on. Throws CONFLICT where the breaker is not open. */
export function closeBreaker(db: Db, by: string, reason: string): Promise<Breaker> {
  return db.tx(async (tx) => {
    const before = await lockBreaker(tx);
    if (!before.open) throw new NightshiftError('CONFLICT', 'the breaker is not open');
    await stepIn(tx, before.incidentId!, { kind: 'resolved_by_person', by, reason }, { actor: by });
    return close(tx, before, by, reason, false);
  });
}

async function lockBreaker(tx: Tx): Promise<Breaker> {
  await tx.query(`SELECT 1 FROM setting WHERE key = 'breaker' FOR UPDATE`);
  return readBreaker(tx);
}

/** Whoever resolved the incident that stands for the whole has closed the breaker. */
async function endedByPerson(tx: Tx, before: Breaker): Promise<Breaker | null> {
  const [end] = await tx.query<{ by: string }>(
    `SELECT e.actor AS by FROM event e JOIN incident i ON i.id = e.incident_id
      WHERE i.id = $1 AND i.state IN ('resolved', 'closed') AND e.to_state = 'resolved' ORDER BY e.seq DESC LIMIT 1`,
    [before.incidentId],
  );
  return end ? close(tx, before, end.by, 'its incident was resolved', false) : null;
}

async function calmer(tx: Tx, before: Breaker, sick: string[], services: number, at: number): Promise<Breaker> {
  const calmSince = fewSick(sick.length, services) ? (before.calmSince ?? at) : null;
  if (calmSince === null || at - calmSince < breakerLimits.calmMs)
    return calmSince === before.calmSince ? before : save(tx, { ...before, calmSince }, before.by, before.at);
  const reason = `no more than ${sick.length} of ${services} services were sick for ${breakerLimits.calmMs / 60_000} min`;
  const event = { kind: 'recovered' as const, detail: reason, freshSamples: services, since: calmSince };
  await stepIn(tx, before.incidentId!, event, { actor });
  return close(tx, before, actor, reason, true);
}

async function open(tx: Tx, before: Breaker, sick: string[], services: number, at: number): Promise<Breaker> {
  await closeGate(tx);
  const reason = `${sick.length} of ${services} services are sick at once (${sick.slice(0, 20).join(', ')}${sick.length > 20 ? ', …' : ''})`;
  const incidentId = newId('inc');
  await tx.query(
    `INSERT INTO incident (id, fingerprint, service, title, type, severity, state, version, generation, onset_at, opened_at, deadline_at)
     SELECT $1, 'breaker', 'nightshift', $2, 'unknown', 'critical', 'deciding', 0, 0, min(onset_at), ms($3), ms($4) FROM incident
      WHERE state NOT IN ('resolved', 'closed') AND service = ANY ($5)`,
    [incidentId, `${sick.length} of ${services} services are sick at once`, at, at + stateDeadlinesMs.deciding, sick],
  );
  const detail = `the breaker is open: ${reason}; nothing is done to anything, and this is the one page for all of them`;
  await stepIn(tx, incidentId, { kind: 'remedy_failed', outcome: 'denied', detail }, { actor });
  return save(tx, { ...before, open: true, sick, services, incidentId, calmSince: null, reason }, actor);
}

/** What escalated without a page of its own meanwhile is paged now, unless somebody has it. */
async function close(tx: Tx, before: Breaker, by: string, reason: string, armed: boolean): Promise<Breaker> {
  await tx.query(
    `UPDATE incident i SET deadline_at = nightshift_now() WHERE state = 'escalated' AND acknowledged_by IS NULL
        AND NOT EXISTS (SELECT 1 FROM escalation e WHERE e.incident_id = i.id) AND id <> $1`,
    [before.incidentId],
  );
  return save(tx, { ...before, open: false, armed, sick: [], incidentId: null, calmSince: null, reason }, by);
}

async function save(tx: Tx, { by: _, at: _at, ...value }: Breaker, by: string, since?: number): Promise<Breaker> {
  await tx.query(
    `UPDATE setting SET value = $1, by = $2, at = coalesce(ms($3), nightshift_now()) WHERE key = 'breaker'`,
    [JSON.stringify(value), by, since === undefined ? null : Math.trunc(since)],
  );
  return readBreaker(tx);
}
