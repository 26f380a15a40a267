/** Which runbooks fit an incident, and why the others do not. Pure: the caller brings the runbooks, the incident and what was found. */
import type { DiagnosticResult, FactCondition, Incident, Runbook } from '@nightshift/types';

export type Candidate = { runbook: Runbook; hash: string };
export type Considered = { runbook: string; reason: string };

export type Situation = {
  incident: Pick<Incident, 'type' | 'service'>;
  diagnostics: DiagnosticResult[];
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
    const reasons = reasonsAgainst(candidate.runbook, situation);
    if (candidates.some((other) => other !== candidate && other.runbook.id === candidate.runbook.id)) {
      reasons.push('two files declare this id');
    }
    if (reasons.length === 0) fitting.push(candidate);
    else considered.push({ runbook: candidate.runbook.id, reason: reasons.join('; ') });
  }
  fitting.sort((a, b) => conditions(b.runbook) - conditions(a.runbook) || (a.runbook.id < b.runbook.id ? -1 : 1));
  return { fitting, considered };
}

function reasonsAgainst(runbook: Runbook, { incident, diagnostics, tried }: Situation): string[] {
  const { type, services, facts, status } = runbook.match;
  const reasons: string[] = [];
  if (tried.has(runbook.id)) reasons.push('was tried for this incident already');
  if (type !== incident.type) reasons.push(`is for ${type}, this is ${incident.type}`);
  if (services && !services.includes(incident.service))
    reasons.push(`is for ${services.join(', ')}, not ${incident.service}`);
  for (const wanted of status) {
    const found = diagnostics.filter((result) => result.check === wanted.check);
    if (found.some((result) => result.status === wanted.is)) continue;
    const is = found.length === 0 ? 'was not checked' : `is ${unique(found.map((result) => result.status))}`;
    reasons.push(`wants ${wanted.check} ${wanted.is}; it ${is}`);
  }
  for (const condition of facts) {
    const reason = factAgainst(condition, diagnostics);
    if (reason) reasons.push(reason);
  }
  return reasons;
}

/** Null where the condition holds. What could not be found out (`unknown`) satisfies nothing, not even `!=`. */
function factAgainst(condition: FactCondition, diagnostics: DiagnosticResult[]): string | null {
  const wants = `wants ${condition.check}.${condition.fact} ${condition.op} ${condition.value}`;
  const known = diagnostics.filter((result) => result.check === condition.check && result.status !== 'unknown');
  const values = known.flatMap((result) => {
    const value = Object.hasOwn(result.facts, condition.fact) ? result.facts[condition.fact] : undefined;
    return value === undefined || value === null ? [] : [value];
  });
  if (values.length === 0) return `${wants}; it is not known`;
  return values.some((value) => holds(value, condition)) ? null : `${wants}; it is ${unique(values.map(String))}`;
}

/** Values of different types are never equal and never ordered; only numbers are ordered. */
function holds(value: string | number | boolean, { op, value: wanted }: FactCondition): boolean {
  if (typeof value !== typeof wanted) return false;
  if (op === '=') return value === wanted;
  if (op === '!=') return value !== wanted;
  if (typeof value !== 'number' || typeof wanted !== 'number') return false;
  if (op === '>') return value > wanted;
  if (op === '>=') return value >= wanted;
  if (op === '<') return value < wanted;
  return value <= wanted;
}

const conditions = ({ match }: Runbook) => match.status.length + match.facts.length + (match.services ? 1 : 0);

const unique = (words: string[]) => [...new Set(words)].join(', ');
