import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Classification, type ClassificationRules } from '@nightshift/types';
import type { Logger } from './logger.ts';
import { fingerprint, watchLoaded, type Watched } from './watch.ts';
import { hashOf, loadYaml, valueOf, type Loaded } from './yaml.ts';

const shipped = fileURLToPath(new URL('../classification.yaml', import.meta.url));
const shippedRules = async (): Promise<ClassificationRules> => valueOf(await loadYaml(shipped, Classification)).rules;
const fileOf = (configDir: string) => join(configDir, 'classification.yaml');

/**
 * The rules in force: those of classification.yaml in a configuration folder, then those that ship, unless it says otherwise. Never
 * throws: mistakes come back as problems.
 */
export async function loadClassification(configDir: string): Promise<Loaded<ClassificationRules>> {
  const base = await shippedRules();
  const absent = await access(fileOf(configDir)).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
  if (absent) return { ok: true, value: base, hash: hashOf(base) };
  const own = await loadYaml(fileOf(configDir), Classification);
  if (!own.ok) return own;
  const declared = new Set(own.value.rules.map(({ id }) => id));
  const rest = own.value.shipped ? base.filter(({ id }) => !declared.has(id)) : [];
  const value = [...own.value.rules, ...rest];
  return { ok: true, value, hash: hashOf(value) };
}

/**
 * Follows it as it changes; a broken edit leaves the last good one in force, removing the file brings back what ships. Broken at the
 * start: throws FILE_INVALID or, with `orShipped`, goes on with what ships until it is mended.
 */
export async function watchClassification(
  configDir: string,
  log: Logger,
  { orShipped = false }: { orShipped?: boolean } = {},
): Promise<Watched<ClassificationRules>> {
  return watchLoaded({
    name: fileOf(configDir),
    fingerprint: () => fingerprint(fileOf(configDir)),
    load: () => loadClassification(configDir),
    log,
    ...(orShipped ? { orElse: await shippedRules() } : {}),
  });
}
