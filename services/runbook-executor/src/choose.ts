import { step, stepIn, type StageContext, type StageOutcome } from '@nightshift/lifecycle';
import { alwaysApprove, newId, stateDeadlinesMs } from '@nightshift/types';
import { actor, type Executor } from './executor.ts';
import { inWords } from './plan.ts';
import { propose, type Proposal } from './propose.ts';
import { insertActions, insertPlan, keepRunbookVersion, lockIncident } from './store.ts';

/** `act`: look again, a plan may stand in the ledger (this executor's, or that of one that was faster). */
export type Chosen = 'act' | StageOutcome;

type Remedy = Extract<Proposal, { kind: 'plan' }>;

const askAgainMs = 3_000;

/**
 * Chooses a runbook and makes its plan, or says why there is none. Everything that follows from the choice is one transaction: killed
 * before it, the next one chooses afresh; killed after it, the ledger says what was intended.
 */
export async function choose(executor: Executor, context: StageContext): Promise<Chosen> {
  const { incident, signal } = context;
  const proposal = await propose(executor, incident, signal);
  if (proposal.kind === 'again') return { againMs: askAgainMs };
  if (proposal.classified) {
    // First what it is, then what to do about it: the next look decides on what is on record.
    const event = { kind: 'classified' as const, was: incident.type, ...proposal.classified };
    const { accepted } = await step(executor.db, incident.id, event, { actor });
    return accepted ? { againMs: 0 } : 'act';
  }
  if (proposal.kind === 'none') {
    const { reason, considered } = proposal;
    return follow(await step(executor.db, incident.id, { kind: 'no_runbook', reason, considered }, { actor }));
  }
  if (proposal.kind === 'unsupported') return deny(executor, context, proposal);
  if (proposal.mode === 'observe') return observe(executor, context, proposal);
  return proposal.mode === 'approve'
    ? requestApproval(executor, context, proposal)
    : start(executor, context, proposal);
}

/**
 * Not accepted: somebody else moved the incident, perhaps by choosing and starting just now. Then this job is not over, it is that plan's:
 * finishing it here would leave the plan without a job if the other one died.
 */
const follow = (result: { accepted: boolean }): Chosen => (result.accepted ? 'done' : 'act');

/** What every event about a plan says of it. */
const about = ({ candidate, hash, conditions, considered }: Exclude<Proposal, { kind: 'again' | 'none' }>) => ({
  runbook: candidate.runbook.id,
  hash: candidate.hash,
  planHash: hash,
  conditions,
  considered,
});

async function start({ db }: Executor, { incident, generation }: StageContext, remedy: Remedy): Promise<Chosen> {
  const event = { kind: 'runbook_chosen' as const, ...about(remedy), summary: inWords(remedy.plan.actions) };
  await step(db, incident.id, event, {
    actor,
    also: async (tx) => {
      await keepRunbookVersion(tx, remedy.candidate);
      await insertPlan(tx, remedy, generation);
      await insertActions(tx, remedy, generation);
    },
  });
  return 'act';
}

async function requestApproval(
  { db }: Executor,
  { incident, generation }: StageContext,
  remedy: Remedy,
): Promise<Chosen> {
  const { plan, hash, candidate } = remedy;
  const { id, title } = candidate.runbook;
  const approvalId = newId('apr');
  const expiresAt = plan.madeAt! + stateDeadlinesMs.awaiting_approval;
  const required = Math.max(1, ...plan.actions.map(({ type }) => (alwaysApprove as Record<string, number>)[type] ?? 1));
  const summary = `${title}: ${inWords(plan.actions)}`;
  const event = { kind: 'approval_requested' as const, ...about(remedy), approvalId, summary, expiresAt };
  const result = await step(db, incident.id, event, {
    actor,
    also: async (tx) => {
      await keepRunbookVersion(tx, candidate);
      await insertPlan(tx, remedy, generation);
      await insertActions(tx, remedy, generation);
      await tx.query(
        `INSERT INTO approval (id, incident_id, generation, plan_hash, runbook, summary, required, requested_by, requested_at, expires_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, nightshift_now(), ms($9), 'pending')`,
        [approvalId, incident.id, generation, hash, id, summary, required, actor, expiresAt],
      );
    },
  });
  return follow(result);
}

/** Says what it would have done, and leaves it to a person. */
async function observe(
  { db, count }: Executor,
  { incident, generation }: StageContext,
  remedy: Remedy,
): Promise<Chosen> {
  const { candidate, considered, plan } = remedy;
  const { id } = candidate.runbook;
  const others = considered.map(({ runbook, reason }) => `${runbook}: ${reason}`).join('; ');
  const detail = `${id} is in observe mode; it would: ${inWords(plan.actions)}${others ? `. Not chosen: ${others}` : ''}`;
  return db.tx(async (tx) => {
    if ((await lockIncident(tx, incident.id)).state !== 'deciding') return 'act';
    await keepRunbookVersion(tx, candidate);
    await insertPlan(tx, remedy, generation);
    for (const { step: nth, type, target, summary } of plan.actions) {
      const event = {
        kind: 'action_finished' as const,
        actionId: newId('act'),
        step: nth,
        type,
        target,
        outcome: 'observed' as const,
        detail: `would ${summary}`,
      };
      await stepIn(tx, incident.id, event, { actor });
      count(type, 'observed');
    }
    const event = { kind: 'remedy_failed' as const, outcome: 'observed' as const, detail, ...about(remedy) };
    return follow(await stepIn(tx, incident.id, event, { actor }));
  });
}

/** The runbook fits, but nobody can do what it says: on record as denied, and a person is told. */
async function deny(
  { db, count }: Executor,
  { incident, generation }: StageContext,
  proposal: Extract<Proposal, { kind: 'unsupported' }>,
): Promise<Chosen> {
  const { candidate, plan, reason } = proposal;
  return db.tx(async (tx) => {
    if ((await lockIncident(tx, incident.id)).state !== 'deciding') return 'act';
    await keepRunbookVersion(tx, candidate);
    await insertPlan(tx, proposal, generation);
    const [actionId] = await insertActions(tx, proposal, generation, 'denied', reason);
    const { step: nth, type, target } = plan.actions[0]!;
    await stepIn(
      tx,
      incident.id,
      { kind: 'action_finished', actionId: actionId!, step: nth, type, target, outcome: 'denied', detail: reason },
      { actor },
    );
    count(type, 'denied', 'no_provider');
    const detail = `${candidate.runbook.id}: ${reason}`;
    const event = { kind: 'remedy_failed' as const, outcome: 'denied' as const, detail, ...about(proposal) };
    return follow(await stepIn(tx, incident.id, event, { actor }));
  });
}
