import { inputLimits, type Incident } from '@nightshift/types';
import type { Check, Finding, SubjectOf } from '../../check.ts';
import { lookBackMs, minutesBetween, overlapsOnset } from '../../onset.ts';

const listed = 10;

type Change = { kind: 'dependency_deployment' | 'action'; service: string; summary: string; at: number; total: number };

/**
 * What else changed around the service: deployments of what it depends on (any change that ingest is told of is kept as one), and what
 * Nightshift itself did, for other incidents, to it or to what it depends on. Deployments of the service have a check of their own.
 */
export const recentChanges: Check<SubjectOf<'service'>, 'recent_changes'> = {
  id: 'recent_changes',
  appliesTo: (subject) => subject.kind === 'service',
  async run({ subject, incident, at, db, signal, suspectWindowMs }) {
    const around = subject.dependencies.map(({ service }) => service.name);
    const changes = await db.query<Change>(
      `SELECT kind, service, summary, at, count(*) OVER () AS total FROM (
         SELECT 'dependency_deployment' AS kind, service, version AS summary, deployed_at AS at FROM deployment
          WHERE service = ANY ($1) AND deployed_at > ms($3) AND deployed_at <= ms($4)
         UNION ALL
         SELECT 'action', service, type || ' ' || target, admitted_at FROM action
          WHERE service = ANY ($1 || ARRAY[$2]) AND incident_id <> $5 AND admitted_at > ms($3) AND state IN ('succeeded', 'unknown', 'dispatching')
       ) change ORDER BY at DESC, service LIMIT $6`,
      [around, subject.id, at - lookBackMs, at + inputLimits.sampleAheadMs, incident.id, listed],
      signal,
    );
    return judge(changes, incident, suspectWindowMs);
  },
};

function judge(changes: Change[], incident: Incident, windowMs: number): Finding<'recent_changes'> {
  const suspects = changes.filter((change) => overlapsOnset(change.at, incident, windowMs));
  const [suspect] = suspects;
  const facts = {
    count: changes[0]?.total ?? 0,
    suspects: suspects.length,
    suspectKind: suspect?.kind ?? null,
    suspectSummary: suspect?.summary ?? null,
    suspectService: suspect?.service ?? null,
    suspectMinutesBeforeOnset: suspect ? minutesBetween(suspect.at, incident.onsetAt) : null,
  };
  if (changes.length === 0) return { status: 'ok', facts, output: 'nothing else changed in the last 2 hours' };
  const list = changes.map((change) => `${change.service}: ${inWords(change)}`).join(', ');
  if (!suspect) return { status: 'ok', facts, output: `${facts.count} in the last 2 hours, none suspect: ${list}` };
  return {
    status: 'degraded',
    facts,
    output: `${suspect.service}: ${inWords(suspect)} ${facts.suspectMinutesBeforeOnset} min before it began; ${facts.count} in the last 2 hours: ${list}`,
  };
}

const inWords = ({ kind, summary }: Change) =>
  kind === 'action' ? `${summary} by Nightshift` : `${summary} was deployed`;
