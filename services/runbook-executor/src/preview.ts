import type { Db } from '@nightshift/db';
import { findIncident } from '@nightshift/lifecycle';
import { lintFolder, loadFreezes, type Preview } from '@nightshift/runbooks';
import { createLogger, formatProblems, loadCatalogue, loadClassification, valueOf } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
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
  const { id, service, title, type, severity, state } = incident;
  const errors = findings.filter(({ level }) => level === 'error');
  const refused = [...new Set(errors.map(({ file }) => file))].map((file) => ({
    runbook: file,
    reason: `refused: ${formatProblems(errors.filter((each) => each.file === file))}`,
  }));
  return {
    incident: { id, service, title, type, severity, state },
    considered: [...proposal.considered, ...refused],
    proposal: shown(proposal),
  };
}

function shown(proposal: Exclude<Proposal, { kind: 'again' }>): Preview['proposal'] {
  if (proposal.kind === 'none') return { kind: 'none', reason: proposal.reason };
  const { candidate, hash, plan, conditions } = proposal;
  if (proposal.kind === 'unsupported') return { kind: 'none', reason: `${candidate.runbook.id}: ${proposal.reason}` };
  return { kind: 'plan', mode: proposal.mode, hash, plan, conditions };
}
