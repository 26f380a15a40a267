/** Which runbooks fit an incident, and why the others do not. Pure: the caller brings the runbooks, the incident and what was found. */
import {
  checked,
  checkFact,
  checkLabel,
  checkStatus,
  type CheckedCondition,
  type Considered,
  type Found,
  type Incident,
  type Runbook,
} from '@nightshift/types';

export type Candidate = { runbook: Runbook; hash: string };

export type Situation = {
  incident: Pick<Incident, 'type' | 'service' | 'severity'>;
  /** The labels of every series that is out of its band. */
  labels: Record<string, string>[];
  diagnostics: Found[];
  /** Runbooks that were already tried for this incident. */
  tried: ReadonlySet<string>;
};

export type Match = {
  /** The ones that fit, the most specific first. */
  fitting: Candidate[];
  /** Every reason why each of the others does not. */
  considered: Considered[];
};

/** The most conditions win; of equals, the id that sorts first. Two files with one id fit never: nobody could say which one acted. */
export function matchRunbooks(candidates: Candidate[], situation: Situation): Match {
  const fitting: Candidate[] = [];
  const considered: Considered[] = [];
  for (const candidate of candidates) {
    const { id } = candidate.runbook;
    const conditions = checkMatch(candidate.runbook, situation);
    if (candidates.some((other) => other !== candidate && other.runbook.id === id))
      conditions.push(checked('an id of its own', 'declared by two files', false));
    if (conditions.every(({ holds }) => holds)) fitting.push(candidate);
    else considered.push({ runbook: id, reason: reasonOf(conditions), conditions });
  }
  fitting.sort((a, b) => specificity(b.runbook) - specificity(a.runbook) || (a.runbook.id < b.runbook.id ? -1 : 1));
  return { fitting, considered };
}

/** Every condition of a runbook, held against an incident. */
export function checkMatch(
  { id, match }: Runbook,
  { incident, labels, diagnostics, tried }: Situation,
): CheckedCondition[] {
  const { services, severity, facts, status } = match;
  const types = [match.type].flat();
  return [
    checked(`type ${types.join(' or ')}`, incident.type, types.includes(incident.type)),
    ...(services
      ? [checked(`service ${services.join(' or ')}`, incident.service, services.includes(incident.service))]
      : []),
    ...(severity
      ? [checked(`severity ${severity.join(' or ')}`, incident.severity, severity.includes(incident.severity))]
      : []),
    ...Object.entries(match.labels).map(([name, value]) => checkLabel(name, value, labels)),
    ...status.map((wanted) => checkStatus(wanted, diagnostics)),
    ...facts.map((wanted) => checkFact(wanted, diagnostics)),
    ...(tried.has(id) ? [checked('to be tried once', 'tried for this incident already', false)] : []),
  ];
}

/** Every condition that does not hold, in one sentence. */
function reasonOf(conditions: CheckedCondition[]): string {
  return conditions
    .filter(({ holds }) => !holds)
    .map(({ condition, actual }) => `wants ${condition}, is ${actual}`)
    .join('; ');
}

function specificity({ match }: Runbook): number {
  const narrowing = [match.services, match.severity].filter((each) => each !== undefined).length;
  return match.status.length + match.facts.length + Object.keys(match.labels).length + narrowing;
}
