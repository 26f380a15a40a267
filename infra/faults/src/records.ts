import type { Db } from '@nightshift/db';
import type { JudgedAction, JudgedIncident } from './judge.ts';

export const incidentsOf = (db: Db): Promise<JudgedIncident[]> =>
  db.query(
    `SELECT id, service, state, resolution, opened_at AS "openedAt",
            count(*) FILTER (WHERE event->>'kind' = 'runbook_chosen') AS chosen,
            count(*) FILTER (WHERE event->>'kind' = 'remediated') AS remediated
       FROM incident LEFT JOIN event ON incident_id = id GROUP BY id`,
  );

export const actionsOf = (db: Db): Promise<JudgedAction[]> =>
  db.query(
    `SELECT id, incident_id AS "incidentId", type, target, service, state, attempts,
            (SELECT count(*) FROM event WHERE event.incident_id = action.incident_id AND event->>'kind' = 'action_finished'
                AND event->>'actionId' = action.id) AS ends FROM action`,
  );

/** What is not at its end, in words: an incident that is neither over nor with a person, a page that was not sent, an action in between. */
export async function unfinishedIn(db: Db): Promise<string[]> {
  const rows = await db.query<{ what: string }>(
    `SELECT format('%s of %s is %s', id, service, state) AS what FROM incident WHERE state NOT IN ('escalated', 'resolved', 'closed')
     UNION ALL SELECT format('%s of %s is escalated, nobody was told', id, service) FROM incident
      WHERE state = 'escalated' AND NOT EXISTS (SELECT 1 FROM notification WHERE incident_id = incident.id AND notification.state = 'sent')
     UNION ALL SELECT format('%s of %s is %s', id, incident_id, state) FROM action WHERE state IN ('planned', 'dispatching')`,
  );
  return rows.map(({ what }) => what);
}
