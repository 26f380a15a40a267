import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Db } from '@nightshift/db';
import {
  explain,
  lintClassification,
  lintFolder,
  previewInWords,
  Recorded,
  replay,
  replayInWords,
  type Finding,
  type Preview,
} from '@nightshift/runbooks';
import { formatProblems, loadCatalogue, loadClassification, loadYaml, valueOf } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import { folders, root } from '../folders.ts';
import { say } from '../speak.ts';
import { targetEnv } from '../target-env.ts';
import { incidentOrNewest, withDatabase } from './database.ts';

const json = (value: unknown) => say(JSON.stringify(value));

/** Says what is wrong with every runbook of a folder, and with classification.yaml. Exit code 1 where one would be refused. */
export async function lint(folder: string | undefined, options: { json: boolean }): Promise<number> {
  const { configDir, runbooksDir } = folders();
  const catalogue = valueOf(await loadCatalogue(configDir));
  const { files, runbooks, findings: inRunbooks } = await lintFolder(folder ?? runbooksDir, catalogue);
  const findings = [...inRunbooks, ...(await lintClassification(configDir, catalogue))];
  const errors = findings.filter(({ level }) => level === 'error').length;
  const taken = runbooks.map(({ runbook, hash, file: path }) => ({
    id: runbook.id,
    hash,
    mode: runbook.mode,
    file: path,
  }));
  if (options.json) json({ files, errors, runbooks: taken, findings });
  else {
    for (const finding of findings) say(inWords(finding));
    say(`${files} files, ${taken.length} runbooks, ${errors} errors, ${findings.length - errors} warnings`);
  }
  return errors > 0 ? 1 : 0;
}

const inWords = (finding: Finding) => `${finding.level} ${formatProblems([finding])}`;

type PreviewModule = {
  preview(
    incidentId: string,
    options: {
      db: Db;
      configDir: string;
      runbooksDir: string;
      env: Record<string, string | undefined>;
      runbook?: string;
    },
  ): Promise<Preview>;
};

/** Prints what would be done for an incident, and changes nothing. Exit code 1 where nothing would. */
export const plan = (incidentId: string | undefined, options: { runbook?: string; json: boolean }): Promise<number> =>
  withDatabase(async (db) => {
    // Loaded when asked for: this command starts services, it is not made of them.
    const file = join(root, 'services/runbook-executor/dist/preview.js');
    const { preview } = (await import(pathToFileURL(file).href)) as PreviewModule;
    const { runbook } = options;
    const shown = await preview(await incidentOrNewest(db, incidentId), {
      db,
      ...folders(),
      env: targetEnv(),
      ...(runbook ? { runbook } : {}),
    });
    if (options.json) json(shown);
    else for (const line of previewInWords(shown)) say(line);
    return shown.proposal.kind === 'none' ? 1 : 0;
  });

/**
 * Chooses again for every recorded incident (`*.json`) of a folder and says why not the other runbooks. Exit code 1 where a choice is
 * not the one that the recording expects.
 */
export async function test(folder: string | undefined, options: { recorded?: string; json: boolean }): Promise<number> {
  const runbooksDir = folder ?? folders().runbooksDir;
  const { runbooks, findings } = await lintFolder(runbooksDir, null);
  const errors = findings.filter(({ level }) => level === 'error');
  const classification = valueOf(await loadClassification(folders().configDir));
  const results = [];
  for (const file of await recordings(options.recorded ?? join(runbooksDir, 'recorded')))
    results.push(replay(runbooks, valueOf(await loadYaml(file, Recorded)), classification));
  const wrong = results.filter(({ asExpected }) => asExpected === false).length;
  if (options.json) json({ results, wrong, findings: errors });
  else {
    for (const line of results.flatMap(replayInWords)) say(line);
    for (const error of errors) say(inWords(error));
    say(`${results.length} recorded incidents, ${runbooks.length} runbooks, ${wrong} not as expected`);
  }
  return wrong > 0 || errors.length > 0 ? 1 : 0;
}

async function recordings(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new NightshiftError('CONFIG_INVALID', `the folder of recorded incidents ${folder} cannot be read`, { cause });
  });
  return names
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
}

/** Prints what was known of an incident when it was decided on, as a file for `runbooks test`; it expects the runbook that was chosen. */
export const record = (incidentId: string | undefined): Promise<number> =>
  withDatabase(async (db) => {
    const story = await explain(db, await incidentOrNewest(db, incidentId));
    const { service, severity, title } = story.incident;
    const type = story.classification.findLast(({ was }) => was !== null)?.was ?? story.incident.type;
    const recorded = Recorded.parse({
      schema: 1,
      name: title,
      incident: { type, severity, service },
      signals: story.signals.map(({ metric, labels, severity: how }) => ({ metric, labels, severity: how })),
      diagnostics: story.diagnostics.map(({ check, target, status, facts }) => ({ check, target, status, facts })),
      expect: story.decisions.at(-1)?.runbook ?? null,
    });
    say(JSON.stringify(recorded, null, 2));
    return 0;
  });
