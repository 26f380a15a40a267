import { now, type Sql } from '@nightshift/db';
import { effectiveMode, incidentSignals, modeChange, type IncidentSignal } from '@nightshift/lifecycle';
import {
  blastRadius,
  checkMatch,
  limitUses,
  matchRunbooks,
  planHash,
  quantityOf,
  tooWide,
  type Candidate,
  type Situation,
  type Use,
} from '@nightshift/runbooks';
import {
  alwaysApprove,
  reclassify,
  stateDeadlinesMs,
  type CheckedCondition,
  type Considered,
  type DiagnosticResult,
  type Incident,
  type Plan,
  type PlannedAction,
  type Reclassified,
  type RunbookMode,
} from '@nightshift/types';
import type { Executor } from './executor.ts';
import { draftPlan, type Draft } from './plan.ts';
import { classifiedAlready, latestDiagnostics, triedRunbooks, usesOf } from './store.ts';
import { locationOf } from './target.ts';

/** `classified`: what the incident turns out to be, where that is not what it was taken for. */
export type Grounds = { conditions: CheckedCondition[]; considered: Considered[]; classified: Reclassified | null };

export type Proposal =
  | ({ kind: 'plan'; candidate: Candidate; plan: Plan; hash: string; services: string[]; mode: RunbookMode } & Grounds)
  /** The runbook fits, but nobody can do what it says. */
  | ({
      kind: 'unsupported';
      candidate: Candidate;
      plan: Plan;
      hash: string;
      services: string[];
      reason: string;
    } & Grounds)
  /** A target could not be asked just now, and there is time to ask once more. */
  | { kind: 'again' }
  | { kind: 'none'; reason: string; considered: Considered[]; classified: Reclassified | null };

/**
 * What would be done for an incident, and why: the first runbook that fits and can be planned. Changes nothing. `only`: plans this
 * runbook, whether it fits or not; its conditions say which.
 */
export async function propose(
  executor: Executor,
  found: Incident,
  signal: AbortSignal,
  only?: string,
): Promise<Proposal> {
  const { db } = executor;
  const known = await situationOf(db, found);
  const asked = await classifiedAlready(db, found.id);
  // Its own service says what it is: of what depends on it, only the symptoms are seen.
  const own = known.signals.filter(({ service }) => service === found.service);
  const about = { signals: own, diagnostics: known.diagnostics, type: found.type };
  const classified = asked ? null : reclassify(executor.classification(), about);
  const incident = classified ? { ...found, type: classified.type } : found;
  const situation = { ...known, incident };
  const at = await now(db);
  const candidates = executor.runbooks().filter(({ runbook }) => only === undefined || runbook.id === only);
  const { fitting, considered } = matchRunbooks(candidates, situation);
  const order = only === undefined ? fitting : candidates;

  for (const [i, candidate] of order.entries()) {
    const draft = await draftPlan(executor, candidate, incident, known.diagnostics, at, signal);
    if (draft.kind === 'unfit') {
      const patience = (incident.deadlineAt ?? at) - at > stateDeadlinesMs.deciding / 2;
      if (draft.again && patience) return { kind: 'again' };
      considered.push({ runbook: candidate.runbook.id, reason: draft.reason });
      continue;
    }
    for (const other of order.slice(i + 1))
      considered.push({ runbook: other.runbook.id, reason: `fits as well, but ${candidate.runbook.id} was chosen` });
    const conditions = checkMatch(candidate.runbook, situation);
    return { ...(await complete(executor, incident, candidate, draft, at)), conditions, considered, classified };
  }
  const reason =
    order.length > 0
      ? 'the runbooks that fit cannot be carried out'
      : candidates.length === 0
        ? 'there are no runbooks'
        : 'no runbook fits';
  return { kind: 'none', reason, considered, classified };
}

async function situationOf(
  sql: Sql,
  incident: Incident,
): Promise<Situation & { signals: IncidentSignal[]; diagnostics: DiagnosticResult[] }> {
  const [diagnostics, tried, signals] = await Promise.all([
    latestDiagnostics(sql, incident.id),
    triedRunbooks(sql, incident.id),
    incidentSignals(sql, incident.id),
  ]);
  return { incident, diagnostics, tried, signals, labels: signals.map(({ labels }) => labels) };
}

type Complete =
  | Omit<Extract<Proposal, { kind: 'plan' }>, keyof Grounds>
  | Omit<Extract<Proposal, { kind: 'unsupported' }>, keyof Grounds>;

/** Makes the plan a value: with what it takes from the limits as they stand, and who would feel it. */
async function complete(
  executor: Executor,
  incident: Incident,
  candidate: Candidate,
  draft: Exclude<Draft, { kind: 'unfit' }>,
  at: number,
): Promise<Complete> {
  const [actions, services] =
    draft.kind === 'ready' ? [draft.actions, draft.services] : [[draft.action], [draft.service]];
  const catalogue = executor.catalogue();
  const uses = actions.map((action, i) => useOf(action, services[i]!, incident.id, locationOf(catalogue, action), at));
  const others = await usesOf(executor.db, { id: '', incidentId: incident.id }, at);
  const plan: Plan = {
    incidentId: incident.id,
    runbook: candidate.runbook.id,
    runbookHash: candidate.hash,
    actions,
    limits: uses.flatMap((use, i) => limitUses(actions[i]!.step, use, [...others, ...uses.slice(0, i)], at)),
    blastRadius: blastRadius(catalogue, services),
    ...(draft.kind === 'ready' && draft.omitted.length > 0 ? { omitted: draft.omitted } : {}),
    ...(candidate.runbook.verify ? { verify: candidate.runbook.verify } : {}),
    madeAt: at,
  };
  const known = { candidate, plan, hash: planHash(plan), services };
  return draft.kind === 'ready'
    ? {
        kind: 'plan',
        ...known,
        mode: atMost(
          await modeFor(executor.db, candidate, incident.service),
          incident,
          actions,
          uses.some((use, i) => tooWide(catalogue, use, [...others, ...uses.slice(0, i)], at) !== null),
        ),
      }
    : { kind: 'unsupported', ...known, reason: draft.reason };
}

const useOf = (
  action: PlannedAction,
  service: string,
  incidentId: string,
  location: string | null,
  at: number,
): Use => ({
  id: `step ${action.step + 1}`,
  incidentId,
  type: action.type,
  target: action.target,
  service,
  quantity: quantityOf(action),
  location,
  admittedAt: at,
});

/** What the runbook may do for this service: what its file says, unless it was promoted or demoted. */
const modeFor = async (sql: Sql, { runbook, hash }: Candidate, service: string): Promise<RunbookMode> =>
  effectiveMode(runbook.mode, hash, await modeChange(sql, runbook.id, service));

/** Automation without a person is for criticals, within the blast radius that it may have, and never for what always needs one. */
function atMost(mode: RunbookMode, incident: Incident, actions: PlannedAction[], wide: boolean): RunbookMode {
  if (mode !== 'auto') return mode;
  return wide || incident.severity !== 'critical' || actions.some(({ type }) => type in alwaysApprove)
    ? 'approve'
    : 'auto';
}
