import { join } from 'node:path';
import { formatProblems, loadClassification, loadYaml, valueOf } from '@nightshift/runtime';
import { DetectionConfig, NightshiftError, type ClassificationRules } from '@nightshift/types';
import { folders, root } from './folders.ts';

/** What `dev` and `demo` run with. */
const demoConfig = join(root, 'infra/shop/config');

/** Settings of detection, and where they are from, in words. */
export type Settings = { config: DetectionConfig; from: string };

/** What holds where nobody has said anything. */
export const defaultSettings: Settings = {
  config: DetectionConfig.parse({ schema: 1 }),
  from: 'the defaults',
};

/** Reads a detection.yaml. Throws FILE_INVALID with line and field. */
export async function readSettings(file: string): Promise<Settings> {
  const loaded = await loadYaml(file, DetectionConfig);
  if (!loaded.ok) throw new NightshiftError('FILE_INVALID', formatProblems(loaded.problems));
  return { config: loaded.value, from: file };
}

/**
 * What is in force: the detection.yaml of NIGHTSHIFT_CONFIG_DIR. Without it, that of the Nightshift that runs here, if it is
 * `running` that is asked about; else the defaults.
 */
export async function presentSettings({ running }: { running: boolean }): Promise<Settings> {
  const folder = process.env.NIGHTSHIFT_CONFIG_DIR || (running && !process.env.DATABASE_URL ? demoConfig : undefined);
  return folder ? readSettings(join(folder, 'detection.yaml')) : defaultSettings;
}

/** What an incident is, by the rules in force. Throws FILE_INVALID with line and field. */
export const presentClassification = async (): Promise<ClassificationRules> =>
  valueOf(await loadClassification(folders().configDir));
