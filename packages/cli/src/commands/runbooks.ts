import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Db } from '@nightshift/db';
import { lintFolder, previewInWords, type Finding, type Preview } from '@nightshift/runbooks';
import { formatProblems, loadYaml, valueOf } from '@nightshift/runtime';
import { Catalogue } from '@nightshift/types';
import { folders, root } from '../folders.ts';
import { targetEnv } from '../target-env.ts';
import { withDatabase } from './database.ts';

const say = (text: string) => void process.stdout.write(`${text}\n`);
const json = (value: unknown) => say(JSON.stringify(value));

/** Says what is wrong with every runbook of a folder. Exit code 1 where one would be refused. */
export async function lint(folder: string | undefined, options: { json: boolean }): Promise<number> {
  const { configDir, runbooksDir } = folders();
  const file = join(configDir, 'catalogue.yaml');
  const catalogue = existsSync(file) ? valueOf(await loadYaml(file, Catalogue)) : null;
  const { files, runbooks, findings } = await lintFolder(folder ?? runbooksDir, catalogue);
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
export const plan = (incidentId: string, options: { runbook?: string; json: boolean }): Promise<number> =>
  withDatabase(async (db) => {
    // Loaded when asked for: this command starts services, it is not made of them.
    const file = join(root, 'services/runbook-executor/dist/preview.js');
    const { preview } = (await import(pathToFileURL(file).href)) as PreviewModule;
    const { runbook } = options;
    const shown = await preview(incidentId, { db, ...folders(), env: targetEnv(), ...(runbook ? { runbook } : {}) });
    if (options.json) json(shown);
    else for (const line of previewInWords(shown)) say(line);
    return shown.proposal.kind === 'plan' ? 0 : 1;
  });
