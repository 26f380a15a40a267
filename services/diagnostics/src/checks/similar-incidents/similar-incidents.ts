import type { Check, Finding, SubjectOf } from '../../check.ts';

const lookBackDays = 90;

type Similar = {
  count: number;
  automated: number;
  byPerson: number;
  self: number;
  medianMinutesToResolve: number | null;
  daysSinceLast: number | null;
  bestRunbook: string | null;
  bestRunbookWorked: number | null;
  bestRunbookTried: number | null;
};

/** Incidents of the same service and type that are over, what ended them, and the runbook that ended most. */
export const similarIncidents: Check<SubjectOf<'service'>, 'similar_incidents'> = {
  id: 'similar_incidents',
  appliesTo: (subject) => subject.kind === 'service',
  async run({ incident, at, db, signal }) {
    const [row] = await db.query<Similar>(
      `WITH past AS (
         SELECT id, runbook, resolution, onset_at, resolved_at FROM incident
          WHERE service = $1 AND type = $2 AND id <> $3 AND state IN ('resolved', 'closed')
            AND resolution IS DISTINCT FROM 'false_positive' AND opened_at > ms($4) - $5 * interval '1 day'
       ), best AS (
         SELECT runbook, count(*) FILTER (WHERE resolution = 'automated') AS worked, count(*) AS tried
           FROM past WHERE runbook IS NOT NULL GROUP BY runbook ORDER BY worked DESC, tried, runbook LIMIT 1
       )
       SELECT count(*) AS count,
              count(*) FILTER (WHERE resolution = 'automated') AS automated,
              count(*) FILTER (WHERE resolution = 'person') AS "byPerson",
              count(*) FILTER (WHERE resolution = 'self') AS self,
              (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - onset_at)::float8) / 60) AS "medianMinutesToResolve",
              (extract(epoch FROM ms($4) - max(resolved_at)) / 86400)::float8 AS "daysSinceLast",
              (SELECT runbook FROM best) AS "bestRunbook", (SELECT worked FROM best) AS "bestRunbookWorked",
              (SELECT tried FROM best) AS "bestRunbookTried"
         FROM past`,
      [incident.service, incident.type, incident.id, at, lookBackDays],
      signal,
    );
    return judge(row!);
  },
};

/** Never a fault by itself: what happened before is context. */
function judge(row: Similar): Finding<'similar_incidents'> {
  const facts = {
    ...row,
    medianMinutesToResolve: rounded(row.medianMinutesToResolve),
    daysSinceLast: rounded(row.daysSinceLast),
  };
  if (row.count === 0) return { status: 'ok', facts, output: `none like it in ${lookBackDays} days` };
  const best = row.bestRunbookWorked
    ? `; ${row.bestRunbook} ended ${row.bestRunbookWorked} of the ${row.bestRunbookTried} it was tried in`
    : '; no runbook ended one';
  return {
    status: 'ok',
    facts,
    output:
      `${row.count} like it in ${lookBackDays} days: ${row.automated} ended by a runbook, ${row.byPerson} by people, ${row.self} by themselves; ` +
      `median ${facts.medianMinutesToResolve ?? '?'} min, the last ${facts.daysSinceLast ?? '?'} days ago${best}`,
  };
}

const rounded = (value: number | null) => (value === null ? null : Math.round(value * 10) / 10);
