import type { Db } from '@nightshift/db';
import { findIncident } from '@nightshift/lifecycle';
import { explain, lintFolder, loadFreezes, type Preview } from '@nightshift/runbooks';
import { createLogger, formatProblems, loadCatalogue, loadClassification, valueOf } from '@nightshift/runtime';
import { NightshiftError, type Incident } from '@nightshift/types';
import { propose, type Proposal } from './propose.ts';
import type { Env } from './providers/provider.ts';
import { providers } from './providers/registry.ts';

const timeoutMs = 30_000;

export type PreviewOptions = {
  db: Db;
  configDir: string;
  runbooksDir: string;
  /** Addresses and secrets that the catalogue names. */
  env: Env;
  /** Plan this runbook, whether it fits or not. */
  runbook?: string;
};

/** What the executor would do for an incident now, by the same code. Changes nothing. Throws NOT_FOUND, FILE_INVALID, CONFIG_INVALID. */
export async function preview(incidentId: string, options: PreviewOptions): Promise<Preview> {
  const { db, env, runbook } = options;
  const incident = await findIncident(db, incidentId);
  if (!incident) throw new NightshiftError('NOT_FOUND', `there is no incident ${incidentId}`);
  const standing = runbook === undefined ? await standingPlan(db, incident) : null;
  if (standing) return standing;
  const catalogue = valueOf(await loadCatalogue(options.configDir));
  const { runbooks, findings } = await lintFolder(options.runbooksDir, null);
  if (runbook !== undefined && !runbooks.some((each) => each.runbook.id === runbook))
    throw new NightshiftError('NOT_FOUND', `there is no runbook ${runbook} in ${options.runbooksDir}`);
  const classification = valueOf(await loadClassification(options.configDir));
  const freezes = valueOf(await loadFreezes(options.configDir));
  const executor = {
    db,
    log: createLogger('runbook-executor', 'silent'),
    catalogue: () => catalogue,
    runbooks: () => runbooks,
    classification: () => classification,
    freezes: () => freezes,
    providers,
    env,
    count: () => {},
  };
  // Past its deadline nothing is asked twice: a target that cannot be asked is the answer.
  const now = { ...incident, deadlineAt: 0 };
  const proposal = await propose(executor, now, AbortSignal.timeout(timeoutMs), runbook);
  if (proposal.kind === 'again') throw new NightshiftError('CONFLICT', 'a target could not be asked');
  const errors = findings.filter(({ level }) => level === 'error');
  const refused = [...new Set(errors.map(({ file }) => file))].map((file) => ({
    runbook: file,
    reason: `refused: ${formatProblems(errors.filter((each) => each.file === file))}`,
  }));
  return {
    incident: headOf(incident),
    considered: [...proposal.considered, ...refused],
    proposal: shown(proposal),
  };
}

const headOf = ({ id, service, title, type, severity, state }: Incident) => ({
  id,
  service,
  title,
  type,
  severity,
  state,
});

/** The plan that was decided on and is not over: made anew it would be another one, of a world in which it is under way. */
async function standingPlan(db: Db, incident: Incident): Promise<Preview | null> {
  if (!['awaiting_approval', 'remediating', 'verifying'].includes(incident.state)) return null;
  const decision = (await explain(db, incident.id)).decisions.at(-1);
  if (!decision?.plan || (decision.verdict !== 'asked' && decision.verdict !== 'acted')) return null;
  const { verdict, plan, conditions, considered } = decision;
  const proposal = { kind: 'standing' as const, verdict, hash: decision.planHash!, plan, conditions };
  return { incident: headOf(incident), considered, proposal };
}

function shown(proposal: Exclude<Proposal, { kind: 'again' }>): Preview['proposal'] {
  if (proposal.kind === 'none') return { kind: 'none', reason: proposal.reason };
  const { candidate, hash, plan, conditions } = proposal;
  if (proposal.kind === 'unsupported') return { kind: 'none', reason: `${candidate.runbook.id}: ${proposal.reason}` };
  return { kind: 'plan', mode: proposal.mode, hash, plan, conditions };
}
