import { actionLimits, inputLimits, type Incident } from '@nightshift/types';
import type { Check, Finding, SubjectOf } from '../../check.ts';
import { lookBackMs, minutesBetween, overlapsOnset } from '../../onset.ts';

const listed = 5;

export type RecentDeployment = {
  id: string;
  version: string;
  previousVersion: string | null;
  deployedAt: number;
  total: number;
};

/**
 * Deployments of the incident's service in the last two hours. One is suspect when it came shortly before the onset, however
 * young or old it is by now; whether it may still be rolled back is a fact of its own.
 */
export const recentDeployments: Check<SubjectOf<'service'>, 'recent_deployments'> = {
  id: 'recent_deployments',
  appliesTo: (subject) => subject.kind === 'service',
  async run({ subject, incident, at, db, signal, suspectWindowMs }) {
    const rows = await db.query<RecentDeployment>(
      `SELECT id, version, deployed_at AS "deployedAt", count(*) OVER () AS total,
              coalesce(previous_version,
                (SELECT version FROM deployment older WHERE older.service = d.service AND older.deployed_at < d.deployed_at
                  ORDER BY deployed_at DESC LIMIT 1)) AS "previousVersion"
         FROM deployment d WHERE service = $1 AND deployed_at > ms($2) AND deployed_at <= ms($3)
        ORDER BY deployed_at DESC, id DESC LIMIT $4`,
      [subject.id, at - lookBackMs, at + inputLimits.sampleAheadMs, listed],
      signal,
    );
    const finding = judge(rows, { at, incident, suspectWindowMs });
    if (subject.inCatalogue) return finding;
    return {
      ...finding,
      output: `${finding.output}; "${subject.id}" is not in the catalogue, so nothing else was looked at`,
    };
  },
};

type Times = { at: number; incident: Incident; suspectWindowMs: number };

/** Pure. `deployments` newest first. */
function judge(deployments: RecentDeployment[], times: Times): Finding<'recent_deployments'> {
  const [newest] = deployments;
  const suspects = deployments.filter((each) => isSuspect(each, times));
  const [suspect] = suspects;
  const facts = {
    count: newest?.total ?? 0,
    suspects: suspects.length,
    newestVersion: newest?.version ?? null,
    previousVersion: newest?.previousVersion ?? null,
    ageMinutes: newest ? minutesBetween(newest.deployedAt, times.at) : null,
    suspectDeployment: suspect?.id ?? null,
    suspectVersion: suspect?.version ?? null,
    suspectPreviousVersion: suspect?.previousVersion ?? null,
    suspectUndoable: suspect ? isUndoable(suspect, times) : null,
    suspectMinutesBeforeOnset: suspect ? minutesBetween(suspect.deployedAt, times.incident.onsetAt) : null,
    /** Only the newest can be undone without undoing what came after it. */
    newestIsSuspect: newest !== undefined && suspect === newest,
  };
  if (!newest) return { status: 'ok', facts, output: 'no deployment in the last 2 hours' };
  const list = deployments
    .map((each) => `${each.version} ${minutesBetween(each.deployedAt, times.at)} min ago`)
    .join(', ');
  if (!suspect) return { status: 'ok', facts, output: `${facts.count} in the last 2 hours, none suspect: ${list}` };
  return {
    status: 'degraded',
    facts,
    output: `${suspect.version} was deployed ${facts.suspectMinutesBeforeOnset} min before it began (before it: ${suspect.previousVersion ?? 'not known'})${facts.suspectUndoable ? '' : ', too long ago to be rolled back'}; ${facts.count} in the last 2 hours: ${list}`,
  };
}

const isUndoable = ({ deployedAt }: RecentDeployment, { at }: Times) =>
  at - deployedAt <= actionLimits.rollbackWindowMs;

const isSuspect = ({ deployedAt }: RecentDeployment, { incident, suspectWindowMs }: Times) =>
  overlapsOnset(deployedAt, incident, suspectWindowMs);
