import type { Sql } from '@nightshift/db';
import type { Action, Deployment, Incident, Postmortem } from '@nightshift/types';
import { Page } from '@nightshift/types';
import type {
  IncidentDetail,
  ShownAnomaly,
  ShownDiagnostic,
  ShownNotification,
  ShownSeries,
  Similar,
} from '../wire.ts';

/** The rows that belong to an incident, one query each, under the names of the wire. */

export const readAnomalies = (sql: Sql, incidentId: string) =>
  sql.query<ShownAnomaly>(
    `SELECT a.series_id AS "seriesId", a.service, s.name AS metric, s.labels, a.started_at AS "startedAt", a.last_at AS "lastAt",
            a.ended_at AS "endedAt", a.value, a.expected, a.low, a.high, a.score, a.severity, a.direction
       FROM anomaly a JOIN series s ON s.id = a.series_id WHERE a.incident_id = $1
      ORDER BY (a.severity = 'critical') DESC, a.score DESC, a.id LIMIT 50`,
    [incidentId],
  );

/** What the latest round of checks found. */
export const readDiagnostics = (sql: Sql, incidentId: string) =>
  sql.query<ShownDiagnostic>(
    `SELECT check_name AS "check", target, status, facts, output, taken_at AS "takenAt", duration_ms AS "durationMs"
       FROM diagnostic WHERE incident_id = $1 AND generation = (SELECT max(generation) FROM diagnostic WHERE incident_id = $1)
      ORDER BY array_position(ARRAY['down', 'degraded', 'unknown', 'ok'], status), check_name, target`,
    [incidentId],
  );

export const readActions = (sql: Sql, incidentId: string) =>
  sql.query<Action>(
    `SELECT planned->'params' AS params, planned->'precondition' AS precondition, (planned->>'timeoutMs')::int AS "timeoutMs",
            (planned->>'maxRetries')::int AS "maxRetries", coalesce(planned->>'summary', type || ' ' || target) AS summary,
            coalesce(planned->>'undo', '') AS undo, id, incident_id AS "incidentId", generation, step, type, target, service,
            provider, class, plan_hash AS "planHash", state, attempts, admitted_at AS "admittedAt", finished_at AS "finishedAt", detail
       FROM action WHERE incident_id = $1 ORDER BY generation, step`,
    [incidentId],
  );

const notificationColumns = `n.id, n.incident_id AS "incidentId", n.channel, n.recipient, n.level, n.round, n.state, n.attempts,
  n.sent_at AS "sentAt", n.error, n.page`;

export async function readNotifications(sql: Sql, incidentId: string): Promise<ShownNotification[]> {
  const rows = await sql.query<ShownNotification>(
    `SELECT ${notificationColumns} FROM notification n WHERE n.incident_id = $1
      ORDER BY n.generation, n.round, n.level, n.recipient LIMIT 200`,
    [incidentId],
  );
  return rows.map(shownNotification);
}

type InboxRow = ShownNotification & { acknowledgedBy: string | null; incidentState: Incident['state'] };

/** Pages of the incidents of thirty days: those that still want somebody first, then the newest. */
export async function readInbox(sql: Sql, limit: number): Promise<InboxRow[]> {
  const rows = await sql.query<InboxRow>(
    `SELECT ${notificationColumns}, i.acknowledged_by AS "acknowledgedBy", i.state AS "incidentState"
       FROM notification n JOIN incident i ON i.id = n.incident_id WHERE n.state <> 'cancelled' AND i.opened_at > nightshift_now() - interval '30 days'
      ORDER BY (i.state = 'escalated' AND i.acknowledged_by IS NULL) DESC, coalesce(n.sent_at, n.next_at) DESC, n.id LIMIT $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, ...shownNotification(row) }));
}

/** The acknowledge link is signed for one person and stays theirs. */
function shownNotification<T extends ShownNotification>(row: T): T {
  const page = Page.omit({ acknowledgeUrl: true }).safeParse(row.page);
  return { ...row, page: page.success ? page.data : null };
}

export const readEscalation = async (sql: Sql, incidentId: string) => {
  const [row] = await sql.query<NonNullable<IncidentDetail['escalation']>>(
    `SELECT policy, level, round, next_at AS "nextAt" FROM escalation WHERE incident_id = $1 ORDER BY generation DESC LIMIT 1`,
    [incidentId],
  );
  return row ?? null;
};

/** Deployments of the service from two hours before the onset to the incident's end. */
export const readDeployments = (sql: Sql, { service, onsetAt, resolvedAt }: Incident) =>
  sql.query<Deployment>(
    `SELECT id, service, version, previous_version AS "previousVersion", deployed_at AS "deployedAt", by, url FROM deployment
      WHERE service = $1 AND deployed_at > ms($2) - interval '2 hours' AND deployed_at <= coalesce(ms($3), nightshift_now())
      ORDER BY deployed_at DESC LIMIT 20`,
    [service, onsetAt, resolvedAt],
  );

/** The series of an incident: those that left their band first, the worst of them at the top. */
export const readSeries = (sql: Sql, incidentId: string) =>
  sql.query<Omit<ShownSeries, 'points'>>(
    `SELECT s.id AS "seriesId", s.name AS metric, s.labels, w.score IS NOT NULL AS anomalous
       FROM (SELECT series_id, max(score) AS score, bool_or(critical) AS critical FROM (
               SELECT DISTINCT series_id, NULL::double precision AS score, NULL::boolean AS critical FROM point WHERE incident_id = $1
               UNION ALL SELECT series_id, score, severity = 'critical' FROM anomaly WHERE incident_id = $1) both_kinds
              GROUP BY series_id) w
       JOIN series s ON s.id = w.series_id
      ORDER BY w.score IS NULL, w.critical DESC NULLS LAST, w.score DESC NULLS LAST, s.name, s.id LIMIT 50`,
    [incidentId],
  );

/** Earlier incidents of the service and type, the newest first: what they were and what ended them. */
export const readSimilar = (sql: Sql, { id, service, type, openedAt }: Incident) =>
  sql.query<Similar>(
    `SELECT id, title, opened_at AS "openedAt", onset_at AS "onsetAt", resolved_at AS "resolvedAt", resolution, runbook FROM incident
      WHERE fingerprint = $1 AND type = $2 AND id <> $3 AND opened_at < ms($4) ORDER BY opened_at DESC LIMIT 5`,
    [`service:${service}`, type, id, openedAt],
  );

export const readPostmortem = async (sql: Sql, incidentId: string) => {
  const [row] = await sql.query<{ writtenAt: number; data: Postmortem }>(
    `SELECT written_at AS "writtenAt", data FROM postmortem WHERE incident_id = $1`,
    [incidentId],
  );
  return row ? { ...row.data, writtenAt: row.writtenAt } : null;
};
