import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from '@nightshift/db';
import type { Incident, IncidentEvent } from '@nightshift/types';
import { inWords } from './in-words.ts';
import type { Expectation, Outcome, ScenarioName } from './scenario.ts';

export type FollowOptions = {
  db: Db;
  service: string;
  scenario: ScenarioName;
  expected: Expectation;
  /** When the fault was caused (epoch ms), and how long to wait from then. */
  faultAt: number;
  limitMs: number;
  /** Told of each event of the timeline, with the milliseconds since the fault. */
  onEvent: (afterMs: number, words: string) => void;
};

const everyMs = 100;
const postmortemMs = 10_000;

/** Follows what becomes of a fault, in Postgres alone, until it ends as expected or otherwise, or time is up. */
export async function follow(
  options: FollowOptions,
): Promise<{ outcome: Outcome; incidents: number; timedOut: boolean }> {
  const { db, faultAt } = options;
  const deadline = Date.now() + options.limitMs;
  let seen = 0;
  for (; ; await pause(everyMs)) {
    const incidents = await incidentsSince(options);
    const incident = incidents[0] ?? null;
    if (incident) {
      for (const entry of await eventsOf(db, incident.id, seen, faultAt)) {
        options.onEvent(entry.at - faultAt, inWords(entry.event, entry.to));
        seen = entry.seq;
      }
    }
    const outcome = await outcomeOf(options, incident);
    const timedOut = Date.now() > deadline;
    if (hasEnded(outcome, options.expected) || timedOut) {
      if (!timedOut && outcome.status === 'resolved' && incident) await postmortem(options, incident.id);
      return { outcome, incidents: incidents.length, timedOut };
    }
  }
}

/** Resolved, or escalated and told to somebody: from there on only people move it. */
function hasEnded(outcome: Outcome, expected: Expectation): boolean {
  if (['resolved', 'closed'].includes(outcome.status)) return true;
  return outcome.status === 'escalated' && (outcome.pages > 0 || expected.status !== 'escalated');
}

/** Incidents of the service that were opened, or opened again, since the fault; the oldest first. */
function incidentsSince({ db, service, faultAt }: FollowOptions): Promise<{ id: string }[]> {
  return db.query(
    `SELECT i.id FROM incident i JOIN event e ON e.incident_id = i.id
      WHERE i.service = $1 AND e.at >= ms($2) AND e.event->>'kind' IN ('opened', 'reopened')
      GROUP BY i.id ORDER BY min(e.at)`,
    [service, faultAt],
  );
}

type Entry = { seq: number; at: number; to: string | null; event: IncidentEvent };

const eventsOf = (db: Db, id: string, after: number, since: number): Promise<Entry[]> =>
  db.query(
    'SELECT seq, at, to_state AS "to", event FROM event WHERE incident_id = $1 AND seq > $2 AND at >= ms($3) ORDER BY seq',
    [id, after, since],
  );

async function outcomeOf({ db, scenario, faultAt }: FollowOptions, found: { id: string } | null): Promise<Outcome> {
  const none: Outcome = {
    scenario,
    incidentId: null,
    status: 'not detected',
    resolution: null,
    ms: { faultToDetected: null, detectedToActed: null, faultToResolved: null },
    actions: [],
    pages: 0,
  };
  if (!found) return none;
  const [incident] = await db.query<
    Pick<Incident, 'id' | 'state' | 'resolution' | 'resolvedAt'> & { detectedAt: number; pages: number }
  >(
    `SELECT id, state, resolution, resolved_at AS "resolvedAt",
            (SELECT max(at) FROM event WHERE incident_id = incident.id AND event->>'kind' IN ('opened', 'reopened')) AS "detectedAt",
            (SELECT count(*) FROM notification WHERE incident_id = incident.id AND state = 'sent' AND sent_at >= ms($2)) AS pages
       FROM incident WHERE id = $1`,
    [found.id, faultAt],
  );
  const actions = await db.query<Outcome['actions'][number] & { finishedAt: number | null }>(
    `SELECT type, target, state, planned->'params' AS params, finished_at AS "finishedAt" FROM action
      WHERE incident_id = $1 AND admitted_at >= ms($2) ORDER BY generation, step`,
    [found.id, faultAt],
  );
  if (!incident) return none;
  const acted = actions.find((action) => action.state === 'succeeded')?.finishedAt ?? null;
  return {
    scenario,
    incidentId: incident.id,
    status: incident.state,
    resolution: incident.resolution,
    ms: {
      faultToDetected: incident.detectedAt - faultAt,
      detectedToActed: acted === null ? null : acted - incident.detectedAt,
      faultToResolved:
        incident.resolvedAt !== null && incident.resolvedAt > faultAt ? incident.resolvedAt - faultAt : null,
    },
    actions: actions.map(({ finishedAt: _, ...action }) => action),
    pages: incident.pages,
  };
}

/** The postmortem follows within moments; without it the story is not complete, but its end does not depend on it. */
async function postmortem(options: FollowOptions, incidentId: string) {
  for (const deadline = Date.now() + postmortemMs; Date.now() < deadline; await pause(everyMs)) {
    const [row] = await options.db.query<{ at: number }>(
      'SELECT written_at AS at FROM postmortem WHERE incident_id = $1',
      [incidentId],
    );
    if (row) return options.onEvent(row.at - options.faultAt, 'postmortem written');
  }
}
