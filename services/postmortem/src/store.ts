import type { Sql, Tx } from '@nightshift/db';
import { timeline } from '@nightshift/lifecycle';
import { Plan, type Incident, type Postmortem } from '@nightshift/types';
import type { History, Signal } from './history.ts';

const hourMs = 3_600_000;

/** Everything recorded of an incident. */
export async function readHistory(sql: Sql, incident: Incident): Promise<History> {
  const { id, service, onsetAt, resolvedAt } = incident;
  const [entries, diagnostics, actions, anomalies, deployments, runbook, plans] = await Promise.all([
    timeline(sql, id),
    sql.query<History['diagnostics'][number]>(
      `SELECT generation, check_name AS "check", target, status, facts, output FROM diagnostic WHERE incident_id = $1
        ORDER BY generation, check_name, target`,
      [id],
    ),
    sql.query<History['actions'][number]>(
      `SELECT id, type, target, state, coalesce(planned->>'summary', type) AS summary, detail FROM action WHERE incident_id = $1
        ORDER BY generation, step`,
      [id],
    ),
    sql.query<Signal>(
      `SELECT s.name AS metric, s.labels, a.value, a.expected, a.low, a.high, a.severity, a.started_at AS "startedAt"
         FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.incident_id = $1 ORDER BY a.score DESC, a.id LIMIT 50`,
      [id],
    ),
    sql.query<History['deployments'][number]>(
      `SELECT version, previous_version AS "previousVersion", deployed_at AS "deployedAt", by FROM deployment
        WHERE service = $1 AND deployed_at BETWEEN ms($2) AND coalesce(ms($3), nightshift_now()) ORDER BY deployed_at DESC LIMIT 20`,
      [service, onsetAt - hourMs, resolvedAt],
    ),
    readRunbook(sql, incident),
    sql.query<{ hash: string; content: unknown }>(
      'SELECT hash, content FROM plan WHERE incident_id = $1 ORDER BY made_at LIMIT 10',
      [id],
    ),
  ]);
  return {
    incident,
    timeline: entries,
    diagnostics,
    actions,
    anomalies,
    deployments,
    runbook,
    plans: plans.map(({ hash, content }) => ({ hash, plan: Plan.parse(content) })),
  };
}

/** The runbook that was used, its mode then, and how incidents ended that used it, this one among them. */
async function readRunbook(sql: Sql, incident: Incident): Promise<History['runbook']> {
  if (incident.runbook === null) return null;
  const [row] = await sql.query<{ mode: string | null; succeeded: number; failed: number }>(
    `SELECT (SELECT v.content->>'mode' FROM event e JOIN runbook_version v ON v.hash = e.event->>'hash'
              WHERE e.incident_id = $1 AND e.event->>'kind' IN ('runbook_chosen', 'approval_requested') ORDER BY e.seq DESC LIMIT 1) AS mode,
            count(*) FILTER (WHERE resolution = 'automated') AS succeeded,
            count(*) FILTER (WHERE resolution IN ('person', 'self') AND EXISTS (
              SELECT 1 FROM action a WHERE a.incident_id = i.id AND a.state IN ('succeeded', 'failed', 'unknown'))) AS failed
       FROM incident i WHERE runbook = $2`,
    [incident.id, incident.runbook],
  );
  return {
    id: incident.runbook,
    mode: row?.mode ?? 'not known',
    succeeded: row?.succeeded ?? 0,
    failed: row?.failed ?? 0,
  };
}

/** Writes the postmortem, or writes it anew. */
export async function savePostmortem(tx: Tx, postmortem: Postmortem): Promise<void> {
  await tx.query(
    `INSERT INTO postmortem (incident_id, data) VALUES ($1, $2)
     ON CONFLICT (incident_id) DO UPDATE SET data = $2, written_at = nightshift_now()`,
    [postmortem.incidentId, JSON.stringify(postmortem)],
  );
}

/** Whether the job is still owed, locked until the transaction ends: of several copies at once, one finds it so. */
export async function lockOwed(tx: Tx, incidentId: string, generation: number): Promise<boolean> {
  const rows = await tx.query(
    `SELECT 1 FROM outbox WHERE incident_id = $1 AND stage = 'postmortem' AND generation = $2 AND done_at IS NULL FOR UPDATE`,
    [incidentId, generation],
  );
  return rows.length === 1;
}
