import { only, type Sql, type Tx } from '@nightshift/db';
import { quantityOf, type Candidate, type Use } from '@nightshift/runbooks';
import {
  actionLimits,
  DiagnosticResult,
  newId,
  Plan,
  PlannedAction,
  type Action,
  type Deployment,
  type IncidentState,
} from '@nightshift/types';

/** The newest round of diagnostics of an incident. */
export async function latestDiagnostics(sql: Sql, incidentId: string): Promise<DiagnosticResult[]> {
  const rows = await sql.query(
    `SELECT check_name AS "check", target, status, facts, output, taken_at AS "takenAt", duration_ms AS "durationMs" FROM diagnostic
      WHERE incident_id = $1 AND generation = (SELECT max(generation) FROM diagnostic WHERE incident_id = $1) ORDER BY 1, 2`,
    [incidentId],
  );
  return rows.map((row) => DiagnosticResult.parse(row));
}

/** Runbooks that were chosen or proposed for this incident before. */
export async function triedRunbooks(sql: Sql, incidentId: string): Promise<Set<string>> {
  const rows = await sql.query<{ runbook: string }>(
    `SELECT DISTINCT event->>'runbook' AS runbook FROM event
      WHERE incident_id = $1 AND event->>'kind' IN ('runbook_chosen', 'approval_requested')`,
    [incidentId],
  );
  return new Set(rows.map((row) => row.runbook));
}

/** Whether what an incident is was seen differently since its last diagnosis: once per diagnosis, so that rules cannot chase each other. */
export async function classifiedAlready(sql: Sql, incidentId: string): Promise<boolean> {
  const [last] = await sql.query<{ kind: string }>(
    `SELECT event->>'kind' AS kind FROM event WHERE incident_id = $1 AND event->>'kind' IN ('diagnosed', 'classified') ORDER BY seq DESC LIMIT 1`,
    [incidentId],
  );
  return last?.kind === 'classified';
}

/** The last deployments of a service, newest first. */
export function recentDeployments(sql: Sql, service: string): Promise<Deployment[]> {
  return sql.query<Deployment>(
    `SELECT id, service, version, previous_version AS "previousVersion", deployed_at AS "deployedAt", by, url FROM deployment
      WHERE service = $1 ORDER BY deployed_at DESC, id DESC LIMIT 20`,
    [service],
  );
}

export async function deployedAt(sql: Sql, deploymentId: string): Promise<number | null> {
  const [row] = await sql.query<{ at: number }>('SELECT deployed_at AS at FROM deployment WHERE id = $1', [
    deploymentId,
  ]);
  return row?.at ?? null;
}

/** Versions that automation rolled a target back from, or may have. */
export async function leftBehind(sql: Sql, target: string): Promise<Set<string>> {
  const rows = await sql.query<{ version: string }>(
    `SELECT planned->'params'->>'from' AS version FROM action
      WHERE target = $1 AND type = 'rollback_deploy' AND state IN ('succeeded', 'unknown', 'dispatching')`,
    [target],
  );
  return new Set(rows.map((row) => row.version));
}

/** An action as its executor needs it: the ledger's row, its whole plan entry, and the lease. */
export type LedgerAction = Pick<
  Action,
  'id' | 'incidentId' | 'generation' | 'step' | 'service' | 'planHash' | 'state' | 'attempts' | 'admittedAt' | 'detail'
> & { planned: PlannedAction; fence: number; leaseUntil: number | null; columnsAgree: boolean };

// The columns repeat what `planned` says, for indexes and people; `planned` is what was hashed and is what counts.
const columns = `id, incident_id AS "incidentId", generation, step, service, plan_hash AS "planHash", state, attempts,
  admitted_at AS "admittedAt", detail, planned, quantity, fence, lease_until AS "leaseUntil",
  (type, target, provider, class) = (planned->>'type', planned->>'target', planned->>'provider', planned->>'class') AS "columnsAgree"`;

type Row = LedgerAction & { quantity: number };
function parseAction({ quantity, ...row }: Row): LedgerAction {
  const planned = PlannedAction.parse(row.planned);
  const columnsAgree = row.columnsAgree && row.step === planned.step && quantity === quantityOf(planned);
  return { ...row, planned, columnsAgree };
}

/** The actions of an incident's newest plan, in the order of their steps. */
export async function newestPlan(sql: Sql, incidentId: string): Promise<LedgerAction[]> {
  const rows = await sql.query<Row>(
    `SELECT ${columns} FROM action
      WHERE incident_id = $1 AND generation = (SELECT max(generation) FROM action WHERE incident_id = $1) ORDER BY step`,
    [incidentId],
  );
  return rows.map(parseAction);
}

export async function planOf(sql: Sql, incidentId: string, generation: number): Promise<LedgerAction[]> {
  const rows = await sql.query<Row>(
    `SELECT ${columns} FROM action WHERE incident_id = $1 AND generation = $2 ORDER BY step`,
    [incidentId, generation],
  );
  return rows.map(parseAction);
}

export async function lockAction(tx: Tx, id: string): Promise<LedgerAction> {
  return parseAction(only(await tx.query<Row>(`SELECT ${columns} FROM action WHERE id = $1 FOR UPDATE`, [id])));
}

export type LockedIncident = { state: IncidentState; severity: string; service: string };

/** Nobody else moves the incident until this transaction ends. */
export async function lockIncident(tx: Tx, id: string): Promise<LockedIncident> {
  return only(
    await tx.query<LockedIncident>('SELECT state, severity, service FROM incident WHERE id = $1 FOR UPDATE', [id]),
  );
}

/** A plan, its hash, and the service that each of its targets belongs to. */
export type MadePlan = { plan: Plan; hash: string; services: string[] };

/** Keeps a plan as it is shown, signed and carried out. */
export async function insertPlan(tx: Tx, { plan, hash }: MadePlan, generation: number) {
  await tx.query(
    'INSERT INTO plan (hash, incident_id, generation, content) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [hash, plan.incidentId, generation, JSON.stringify(plan)],
  );
}

/** The plan of that hash as it was made, or null. */
export async function findPlan(sql: Sql, hash: string): Promise<Plan | null> {
  const [row] = await sql.query<{ content: unknown }>('SELECT content FROM plan WHERE hash = $1', [hash]);
  return row ? Plan.parse(row.content) : null;
}

/** Intent: every action of a plan, before any of them is done. Returns their ids. */
export async function insertActions(
  tx: Tx,
  { plan, hash, services }: MadePlan,
  generation: number,
  state: 'planned' | 'denied' = 'planned',
  detail: string | null = null,
): Promise<string[]> {
  const ids = plan.actions.map(() => newId('act'));
  for (const [i, planned] of plan.actions.entries()) {
    await tx.query(
      `INSERT INTO action (id, incident_id, generation, step, type, target, service, provider, class, plan_hash, planned, quantity, state, detail, finished_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, CASE WHEN $13 = 'denied' THEN nightshift_now() END)`,
      [
        ids[i],
        plan.incidentId,
        generation,
        planned.step,
        planned.type,
        planned.target,
        services[i],
        planned.provider,
        planned.class,
        hash,
        JSON.stringify(planned),
        quantityOf(planned),
        state,
        detail,
      ],
    );
  }
  return ids;
}

/** Keeps a runbook as it was when an incident used it. */
export async function keepRunbookVersion(tx: Tx, { runbook, hash }: Candidate) {
  await tx.query('INSERT INTO runbook_version (hash, id, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [
    hash,
    runbook.id,
    JSON.stringify(runbook),
  ]);
}

/** What the timeline says of a plan: which runbook at which version, and whether it had to be approved. */
export async function announcedPlan(sql: Sql, incidentId: string, planHash: string) {
  const [row] = await sql.query<{ runbook: string; hash: string; kind: 'runbook_chosen' | 'approval_requested' }>(
    `SELECT event->>'runbook' AS runbook, event->>'hash' AS hash, event->>'kind' AS kind FROM event
      WHERE incident_id = $1 AND event->>'planHash' = $2 AND event->>'kind' IN ('runbook_chosen', 'approval_requested') ORDER BY seq DESC LIMIT 1`,
    [incidentId, planHash],
  );
  return row ?? null;
}

/** The rest of a plan after its first failure or denial: none of it will be done. */
export async function cancelRest(tx: Tx, incidentId: string, generation: number) {
  await tx.query(
    `UPDATE action SET state = 'cancelled', finished_at = nightshift_now(), detail = 'not done: an earlier step did not succeed'
      WHERE incident_id = $1 AND generation = $2 AND state = 'planned'`,
    [incidentId, generation],
  );
}

/** The longest window of any limit. */
const longestWindowMs = Math.max(
  actionLimits.instancesAddedPerTarget.windowMs,
  actionLimits.restartsPerTarget.windowMs,
  actionLimits.actionsPerTarget.windowMs,
  actionLimits.actionsPerService.windowMs,
  actionLimits.actionsGlobal.windowMs,
  actionLimits.locationsAtOnce.windowMs,
  actionLimits.blastRadius.windowMs,
);

/** Every other action admitted within the longest window before `at`, or for the same incident. */
export function usesOf(sql: Sql, action: Pick<LedgerAction, 'id' | 'incidentId'>, at: number): Promise<Use[]> {
  return sql.query<Use>(
    `SELECT id, incident_id AS "incidentId", type, target, service, quantity, location, admitted_at AS "admittedAt" FROM action
      WHERE id <> $1 AND (admitted_at > ms($2) OR (incident_id = $3 AND admitted_at IS NOT NULL))`,
    [action.id, at - longestWindowMs, action.incidentId],
  );
}
