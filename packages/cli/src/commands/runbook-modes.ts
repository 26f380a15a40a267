import type { Db } from '@nightshift/db';
import {
  changeMode,
  effectiveMode,
  evidenceInWords,
  evidenceOf,
  isLower,
  modeChange,
  promotionProposed,
} from '@nightshift/lifecycle';
import { lintFolder, type Candidate } from '@nightshift/runbooks';
import { loadCatalogue, valueOf } from '@nightshift/runtime';
import { NightshiftError, type RunbookMode } from '@nightshift/types';
import { folders } from '../folders.ts';
import { say, whoami } from '../speak.ts';
import { withDatabase } from './database.ts';

/** One line per runbook and service where anything was decided, done or observed; one per runbook elsewhere. */
export const listModes = (options: { json: boolean }): Promise<number> =>
  withDatabase(async (db) => {
    const { configDir, runbooksDir } = folders();
    const { runbooks } = await lintFolder(runbooksDir, null);
    const names = valueOf(await loadCatalogue(configDir)).services.map(({ name }) => name);
    const rows = [];
    for (const candidate of runbooks)
      for (const service of candidate.runbook.match.services ?? names)
        rows.push(await standing(db, candidate, service));
    if (options.json) say(JSON.stringify(rows));
    else
      for (const { runbook, service, mode, since, evidence, proposed } of rows) {
        say(`${mode.padEnd(8)} ${runbook} for ${service}${since}: ${evidenceInWords(evidence)}`);
        if (proposed)
          say(
            `         the evidence speaks for ${proposed}: nightshift runbooks promote ${runbook} --service ${service} --to ${proposed}`,
          );
      }
    return 0;
  });

async function standing(db: Db, { runbook, hash }: Candidate, service: string) {
  const change = await modeChange(db, runbook.id, service);
  const mode = effectiveMode(runbook.mode, hash, change);
  const evidence = await evidenceOf(db, runbook.id, service);
  const since =
    change && change.mode === mode
      ? ` since ${new Date(change.at).toISOString().slice(0, 16)} by ${change.by} (${change.reason})`
      : '';
  return {
    runbook: runbook.id,
    service,
    mode,
    declared: runbook.mode,
    since,
    evidence,
    proposed: promotionProposed(mode, evidence),
  };
}

/** Puts another mode into force, one step up or any step down. Throws CONFLICT where it is not that, or lacks its reason. */
export const decideMode = (
  verb: 'promote' | 'demote',
  id: string,
  { service, to, by, reason, json }: { service: string; to: RunbookMode; by?: string; reason?: string; json: boolean },
): Promise<number> =>
  withDatabase(async (db) => {
    const { configDir, runbooksDir } = folders();
    const candidate = (await lintFolder(runbooksDir, null)).runbooks.find((each) => each.runbook.id === id);
    if (!candidate) throw new NightshiftError('NOT_FOUND', `there is no runbook ${id} in ${runbooksDir}`);
    if (!valueOf(await loadCatalogue(configDir)).services.some(({ name }) => name === service))
      throw new NightshiftError('NOT_FOUND', `the catalogue has no service ${service}`);
    const { mode, proposed, evidence } = await standing(db, candidate, service);
    refuseUnfit(verb, mode, to);
    if (verb === 'promote' && proposed !== to && !reason)
      throw new NightshiftError(
        'CONFLICT',
        `the evidence does not speak for it (${evidenceInWords(evidence)}): give a --reason`,
      );
    const said = reason ?? (verb === 'promote' ? evidenceInWords(evidence) : 'decided by a person');
    const change = {
      runbook: id,
      service,
      mode: to,
      hash: candidate.hash,
      by: whoami(by),
      reason: said,
    };
    await db.tx((tx) => changeMode(tx, change));
    if (json) say(JSON.stringify({ ...change, was: mode }));
    else say(`${id} is in ${to} for ${service} from now on, no longer in ${mode}`);
    return 0;
  });

function refuseUnfit(verb: 'promote' | 'demote', mode: RunbookMode, to: RunbookMode) {
  const conflict = (words: string) => new NightshiftError('CONFLICT', `it is in ${mode}: ${words}`);
  if (verb === 'demote') {
    if (!isLower(to, mode)) throw conflict(`${to} would not be less`);
  } else if (!isLower(mode, to)) throw conflict(`${to} would not be more`);
  else if (mode === 'observe' && to === 'auto') throw conflict('people are asked with it first (--to approve)');
}
