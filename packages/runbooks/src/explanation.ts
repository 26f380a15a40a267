import { now, type Sql } from '@nightshift/db';
import { findIncident, timeline } from '@nightshift/lifecycle';
import {
  NightshiftError,
  Plan,
  type Action,
  type Anomaly,
  type CheckedCondition,
  type Classified,
  type Considered,
  type DiagnosticResult,
  type Incident,
  type IncidentType,
  type TimelineEntry,
} from '@nightshift/types';

/** One decision: what was decided, by which runbook and plan, and why the others were not taken. */
export type Decision = {
  at: number;
  /** `denied`: a runbook fits, but nobody can do what it says. */
  verdict: 'acted' | 'asked' | 'observed' | 'denied' | 'none';
  runbook: string | null;
  reason: string;
  conditions: CheckedCondition[];
  considered: Considered[];
  plan: Plan | null;
  planHash: string | null;
};

/** The whole story of what was decided for an incident and why, from what was recorded as it happened. */
export type Explanation = {
  now: number;
  incident: Pick<Incident, 'id' | 'service' | 'title' | 'type' | 'severity' | 'state' | 'resolution'>;
  signals: Pick<Anomaly, 'metric' | 'labels' | 'value' | 'low' | 'high' | 'severity' | 'direction'>[];
  diagnostics: DiagnosticResult[];
  /** Why it is taken for what it is, in the order in which it was. `was`: where facts said otherwise than the signals. */
  classification: (Classified & { at: number; was: IncidentType | null })[];
  decisions: Decision[];
  actions: Pick<Action, 'type' | 'target' | 'summary' | 'state' | 'attempts' | 'detail' | 'planHash'>[];
};

/** Reads the story of an incident. Throws NOT_FOUND. */
export async function explain(sql: Sql, incidentId: string): Promise<Explanation> {
  const found = await findIncident(sql, incidentId);
  if (!found) throw new NightshiftError('NOT_FOUND', `there is no incident ${incidentId}`);
  const { id, service, title, type, severity, state, resolution } = found;
  const [at, signals, diagnostics, actions, plans, entries] = await Promise.all([
    now(sql),
    sql.query<Explanation['signals'][number]>(
      `SELECT s.name AS metric, s.labels, a.value, a.low, a.high, a.severity, a.direction FROM anomaly a JOIN series s ON s.id = a.series_id
        WHERE a.incident_id = $1 ORDER BY (a.severity = 'critical') DESC, a.score DESC, a.id LIMIT 50`,
      [id],
    ),
    sql.query<DiagnosticResult>(
      `SELECT check_name AS "check", target, status, facts, output, taken_at AS "takenAt", duration_ms AS "durationMs" FROM diagnostic
        WHERE incident_id = $1 AND generation = (SELECT max(generation) FROM diagnostic WHERE incident_id = $1) ORDER BY 1, 2`,
      [id],
    ),
    sql.query<Explanation['actions'][number]>(
      `SELECT type, target, planned->>'summary' AS summary, state, attempts, detail, plan_hash AS "planHash" FROM action
        WHERE incident_id = $1 ORDER BY generation, step`,
      [id],
    ),
    sql.query<{ hash: string; content: unknown }>('SELECT hash, content FROM plan WHERE incident_id = $1', [id]),
    timeline(sql, id),
  ]);
  const planOf = new Map(plans.map(({ hash, content }) => [hash, Plan.parse(content)]));
  return {
    now: at,
    incident: { id, service, title, type, severity, state, resolution },
    signals,
    diagnostics,
    classification: entries.flatMap(classifiedBy),
    decisions: entries.flatMap((entry) => decisionOf(entry, planOf)),
    actions,
  };
}

/** What an event says that the incident is, where it says so with its reasons. */
function classifiedBy({ at, event }: TimelineEntry): Explanation['classification'] {
  if (!('rule' in event) || event.rule === undefined || event.type === undefined) return [];
  const was = event.kind === 'classified' ? event.was : null;
  return [{ at, was, type: event.type, rule: event.rule, conditions: event.conditions ?? [] }];
}

function decisionOf({ at, event }: TimelineEntry, plans: Map<string, Plan>): Decision[] {
  const made = (verdict: Decision['verdict'], reason: string, about: Partial<Grounds>): Decision[] => [
    {
      at,
      verdict,
      reason,
      runbook: about.runbook ?? null,
      conditions: about.conditions ?? [],
      considered: about.considered ?? [],
      planHash: about.planHash ?? null,
      plan: plans.get(about.planHash ?? '') ?? null,
    },
  ];
  if (event.kind === 'runbook_chosen') return made('acted', event.summary, event);
  if (event.kind === 'approval_requested') return made('asked', event.summary, event);
  if (event.kind === 'no_runbook') return made('none', event.reason, event);
  // One that failed while it was carried out was decided on before.
  if (event.kind === 'remedy_failed' && event.planHash !== undefined)
    return made(event.outcome === 'observed' ? 'observed' : 'denied', event.detail, event);
  return [];
}

type Grounds = { runbook: string; planHash: string; conditions: CheckedCondition[]; considered: Considered[] };
