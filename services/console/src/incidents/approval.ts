import type { Sql } from '@nightshift/db';
import { approvalColumns } from '@nightshift/lifecycle';
import { planHash } from '@nightshift/runbooks';
import { Plan, type Approval } from '@nightshift/types';
import type { ShownApproval } from '../wire.ts';

/** The latest request for approval of an incident, with the very plan whose hash it names. */
export async function readApproval(sql: Sql, incidentId: string): Promise<ShownApproval | null> {
  const [approval] = await sql.query<Approval>(
    `SELECT ${approvalColumns} FROM approval WHERE incident_id = $1 ORDER BY generation DESC LIMIT 1`,
    [incidentId],
  );
  if (!approval) return null;
  const [plan, decisions] = await Promise.all([
    signedPlan(sql, approval.planHash),
    sql.query<ShownApproval['decisions'][number]>(
      `SELECT approver, verdict, reason, at FROM decision WHERE approval_id = $1 ORDER BY at`,
      [approval.id],
    ),
  ]);
  return { ...approval, plan, decisions };
}

/** The plan on record under a hash; null where there is none, or where it does not have that hash any more. */
async function signedPlan(sql: Sql, hash: string): Promise<Plan | null> {
  const [row] = await sql.query<{ content: unknown }>('SELECT content FROM plan WHERE hash = $1', [hash]);
  const { data: plan } = Plan.safeParse(row?.content);
  return plan && planHash(plan) === hash ? plan : null;
}
