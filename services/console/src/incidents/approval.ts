import type { Sql } from '@nightshift/db';
import { approvalColumns } from '@nightshift/lifecycle';
import { actionLimits, type Approval, type BlastRadius, type PlannedAction } from '@nightshift/types';
import type { LimitLeft, PlannedStep, ShownApproval } from '../wire.ts';

/** The latest request for approval of an incident, with the plan whose hash it names and what its limits still allow. */
export async function readApproval(sql: Sql, incidentId: string): Promise<ShownApproval | null> {
  const [approval] = await sql.query<Approval>(
    `SELECT ${approvalColumns} FROM approval WHERE incident_id = $1 ORDER BY generation DESC LIMIT 1`,
    [incidentId],
  );
  if (!approval) return null;
  const planned = await sql.query<{ planned: PlannedAction; service: string }>(
    `SELECT planned, service FROM action WHERE incident_id = $1 AND plan_hash = $2
        AND generation = (SELECT generation FROM approval WHERE id = $3) ORDER BY step`,
    [incidentId, approval.planHash, approval.id],
  );
  const plan: PlannedStep[] = [];
  for (const { planned: action, service } of planned) {
    plan.push({
      ...action,
      limits: approval.state === 'pending' ? await limitsLeft(sql, incidentId, action, service) : [],
    });
  }
  const decisions = await sql.query<ShownApproval['decisions'][number]>(
    `SELECT approver, verdict, reason, at FROM decision WHERE approval_id = $1 ORDER BY at`,
    [approval.id],
  );
  const [made] = await sql.query<{ blastRadius: BlastRadius | null }>(
    `SELECT content->'blastRadius' AS "blastRadius" FROM plan WHERE hash = $1`,
    [approval.planHash],
  );
  return { ...approval, plan, blastRadius: made?.blastRadius ?? null, decisions };
}

type Used = { target: number; restarts: number; added: number; service: number; everywhere: number; incident: number };

/** What of each limit is used now, for people to see; what may happen is decided when an action is admitted, not here. */
async function limitsLeft(sql: Sql, incidentId: string, action: PlannedAction, service: string): Promise<LimitLeft[]> {
  const {
    actionsPerTarget,
    actionsPerService,
    actionsGlobal,
    actionsPerIncident,
    restartsPerTarget,
    instancesAddedPerTarget,
  } = actionLimits;
  const within = (parameter: string) => `admitted_at > nightshift_now() - ${parameter} * interval '1 millisecond'`;
  const [used] = await sql.query<Used>(
    `SELECT count(*) FILTER (WHERE target = $1 AND ${within('$4')}) AS target,
            count(*) FILTER (WHERE target = $1 AND type = 'restart_service' AND ${within('$5')}) AS restarts,
            coalesce(sum(quantity) FILTER (WHERE target = $1 AND ${within('$6')}), 0) AS added,
            count(*) FILTER (WHERE service = $2 AND ${within('$7')}) AS service,
            count(*) FILTER (WHERE ${within('$8')}) AS everywhere,
            count(*) FILTER (WHERE incident_id = $3) AS incident
       FROM action
      WHERE admitted_at IS NOT NULL AND (incident_id = $3 OR admitted_at > nightshift_now() - greatest($4, $5, $6, $7, $8) * interval '1 millisecond')`,
    [
      action.target,
      service,
      incidentId,
      actionsPerTarget.windowMs,
      restartsPerTarget.windowMs,
      instancesAddedPerTarget.windowMs,
      actionsPerService.windowMs,
      actionsGlobal.windowMs,
    ],
  );
  const line = (limit: string, spent: number, { max, windowMs }: { max: number; windowMs?: number }): LimitLeft => ({
    limit,
    used: Number(spent),
    max,
    windowMs: windowMs ?? null,
  });
  return [
    ...(action.type === 'restart_service'
      ? [line(`restarts of ${action.target}`, used!.restarts, restartsPerTarget)]
      : []),
    ...(action.type === 'scale_up'
      ? [line(`instances added to ${action.target}`, used!.added, instancesAddedPerTarget)]
      : []),
    line(`actions on target ${action.target}`, used!.target, actionsPerTarget),
    line(`actions on service ${service}`, used!.service, actionsPerService),
    line('actions everywhere', used!.everywhere, actionsGlobal),
    line('actions in this incident', used!.incident, actionsPerIncident),
  ];
}
