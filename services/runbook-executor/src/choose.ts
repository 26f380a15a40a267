import { now } from '@nightshift/db';
import { step, stepIn, type StageContext, type StageOutcome } from '@nightshift/lifecycle';
import {
  alwaysApprove,
  newId,
  stateDeadlinesMs,
  type Incident,
  type PlannedAction,
  type RunbookMode,
} from '@nightshift/types';
import { actor, type Executor } from './executor.ts';
import { matchRunbooks, type Candidate, type Considered } from './match.ts';
import { planHash } from './plan-hash.ts';
import { draftPlan, inWords, type Draft } from './plan.ts';
import {
  insertActions,
  keepRunbookVersion,
  latestDiagnostics,
  lockIncident,
  triedRunbooks,
  type PlanRows,
} from './store.ts';

/** `act`: look again, a plan may stand in the ledger (this executor's, or that of one that was faster). */
export type Chosen = 'act' | StageOutcome;

type Remedy = { candidate: Candidate; considered: Considered[]; rows: PlanRows };

const askAgainMs = 3_000;

/**
 * Chooses a runbook and makes its plan, or says why there is none. Everything that follows from the choice is one transaction: killed
 * before it, the next one chooses afresh; killed after it, the ledger says what was intended.
 */
export async function choose(executor: Executor, context: StageContext): Promise<Chosen> {
  const { db } = executor;
  const { incident, generation, signal } = context;
  const [diagnostics, tried] = await Promise.all([latestDiagnostics(db, incident.id), triedRunbooks(db, incident.id)]);
  const { fitting, considered } = matchRunbooks(executor.runbooks(), { incident, diagnostics, tried });
  const at = await now(db);

  for (const [i, candidate] of fitting.entries()) {
    const draft = await draftPlan(executor, candidate, incident, at, signal);
    if (draft.kind === 'unfit') {
      const patience = (incident.deadlineAt ?? at) - at > stateDeadlinesMs.deciding / 2;
      if (draft.again && patience) return { againMs: askAgainMs };
      considered.push({ runbook: candidate.runbook.id, reason: draft.reason });
      continue;
    }
    for (const other of fitting.slice(i + 1)) {
      considered.push({ runbook: other.runbook.id, reason: `fits as well, but ${candidate.runbook.id} was chosen` });
    }
    if (draft.kind === 'unsupported') return deny(executor, context, candidate, draft);
    const plan = {
      incidentId: incident.id,
      runbook: candidate.runbook.id,
      runbookHash: candidate.hash,
      actions: draft.actions,
    };
    const ids = draft.actions.map(() => newId('act'));
    const rows = { plan, hash: planHash(plan), generation, ids, services: draft.services };
    return announce(executor, context, { candidate, considered, rows }, at);
  }
  const reason =
    fitting.length > 0
      ? 'the runbooks that fit cannot be carried out'
      : considered.length === 0
        ? 'there are no runbooks'
        : 'no runbook fits';
  return follow(await step(db, incident.id, { kind: 'no_runbook', reason, considered }, { actor }));
}

/**
 * Not accepted: somebody else moved the incident, perhaps by choosing and starting just now. Then this job is not over, it is that plan's:
 * finishing it here would leave the plan without a job if the other one died.
 */
const follow = (result: { accepted: boolean }): Chosen => (result.accepted ? 'done' : 'act');

function announce(executor: Executor, context: StageContext, remedy: Remedy, at: number): Promise<Chosen> {
  const { actions } = remedy.rows.plan;
  const mode = modeOf(remedy.candidate.runbook.mode, context.incident, actions);
  if (mode === 'observe') return observe(executor, context, remedy);
  return mode === 'approve' ? requestApproval(executor, context, remedy, at) : start(executor, context, remedy);
}

/** Automation without a person is for criticals, and never for what always needs one. */
function modeOf(mode: RunbookMode, incident: Incident, actions: PlannedAction[]): RunbookMode {
  if (mode !== 'auto') return mode;
  return incident.severity !== 'critical' || actions.some(({ type }) => type in alwaysApprove) ? 'approve' : 'auto';
}

async function start(
  { db }: Executor,
  { incident }: StageContext,
  { candidate, considered, rows }: Remedy,
): Promise<Chosen> {
  const { id } = candidate.runbook;
  const event = {
    kind: 'runbook_chosen' as const,
    runbook: id,
    hash: candidate.hash,
    planHash: rows.hash,
    summary: inWords(rows.plan.actions),
    considered,
  };
  await step(db, incident.id, event, {
    actor,
    also: async (tx) => {
      await keepRunbookVersion(tx, candidate.hash, id, candidate.runbook);
      await insertActions(tx, rows);
    },
  });
  return 'act';
}

async function requestApproval(
  { db }: Executor,
  { incident, generation }: StageContext,
  { candidate, rows }: Remedy,
  at: number,
): Promise<Chosen> {
  const { id, title } = candidate.runbook;
  const { actions } = rows.plan;
  const approvalId = newId('apr');
  const expiresAt = at + stateDeadlinesMs.awaiting_approval;
  const required = Math.max(1, ...actions.map(({ type }) => (alwaysApprove as Record<string, number>)[type] ?? 1));
  const summary = `${title}: ${inWords(actions)}`;
  const event = {
    kind: 'approval_requested' as const,
    runbook: id,
    hash: candidate.hash,
    planHash: rows.hash,
    approvalId,
    summary,
    expiresAt,
  };
  const result = await step(db, incident.id, event, {
    actor,
    also: async (tx) => {
      await keepRunbookVersion(tx, candidate.hash, id, candidate.runbook);
      await insertActions(tx, rows);
      await tx.query(
        `INSERT INTO approval (id, incident_id, generation, plan_hash, runbook, summary, required, requested_by, requested_at, expires_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, ms($9), ms($10), 'pending')`,
        [approvalId, incident.id, generation, rows.hash, id, summary, required, actor, at, expiresAt],
      );
    },
  });
  return follow(result);
}

/** Says what it would have done, and leaves it to a person. */
async function observe(
  { db, count }: Executor,
  { incident }: StageContext,
  { candidate, considered, rows }: Remedy,
): Promise<Chosen> {
  const { id } = candidate.runbook;
  const others = considered.map(({ runbook, reason }) => `${runbook}: ${reason}`).join('; ');
  const detail = `${id} is in observe mode; it would: ${inWords(rows.plan.actions)}${others ? `. Not chosen: ${others}` : ''}`;
  return db.tx(async (tx) => {
    if ((await lockIncident(tx, incident.id)).state !== 'deciding') return 'act';
    await keepRunbookVersion(tx, candidate.hash, id, candidate.runbook);
    for (const [i, { step: nth, type, target, summary }] of rows.plan.actions.entries()) {
      const event = {
        kind: 'action_finished' as const,
        actionId: rows.ids[i]!,
        step: nth,
        type,
        target,
        outcome: 'observed' as const,
        detail: `would ${summary}`,
      };
      await stepIn(tx, incident.id, event, { actor });
      count(type, 'observed');
    }
    return follow(await stepIn(tx, incident.id, { kind: 'remedy_failed', outcome: 'observed', detail }, { actor }));
  });
}

/** The runbook fits, but nobody can do what it says: on record as denied, and a person is told. */
async function deny(
  { db, count }: Executor,
  { incident, generation }: StageContext,
  { runbook, hash }: Candidate,
  draft: Extract<Draft, { kind: 'unsupported' }>,
): Promise<Chosen> {
  const { action, reason, service } = draft;
  const plan = { incidentId: incident.id, runbook: runbook.id, runbookHash: hash, actions: [action] };
  const id = newId('act');
  return db.tx(async (tx) => {
    if ((await lockIncident(tx, incident.id)).state !== 'deciding') return 'act';
    await keepRunbookVersion(tx, hash, runbook.id, runbook);
    await insertActions(
      tx,
      { plan, hash: planHash(plan), generation, ids: [id], services: [service] },
      'denied',
      reason,
    );
    const { step: nth, type, target } = action;
    await stepIn(
      tx,
      incident.id,
      { kind: 'action_finished', actionId: id, step: nth, type, target, outcome: 'denied', detail: reason },
      { actor },
    );
    count(type, 'denied', 'no_provider');
    return follow(
      await stepIn(
        tx,
        incident.id,
        { kind: 'remedy_failed', outcome: 'denied', detail: `${runbook.id}: ${reason}` },
        { actor },
      ),
    );
  });
}
