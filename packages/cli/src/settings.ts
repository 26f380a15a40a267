import { join } from 'node:path';
import { formatProblems, loadYaml } from '@nightshift/runtime';
import { DetectionConfig, NightshiftError } from '@nightshift/types';

/** Settings of detection, and where they are from, in words. */
export type Settings = { config: DetectionConfig; from: string };

/** Reads a detection.yaml. Throws FILE_INVALID with line and field. */
export async function readSettings(file: string): Promise<Settings> {
  const loaded = await loadYaml(file, DetectionConfig);
  if (!loaded.ok) throw new NightshiftError('FILE_INVALID', formatProblems(loaded.problems));
  return { config: loaded.value, from: file };
}

/** What is in force: the detection.yaml of NIGHTSHIFT_CONFIG_DIR, or the defaults. */
export async function presentSettings(folder = process.env.NIGHTSHIFT_CONFIG_DIR): Promise<Settings> {
  if (folder) return readSettings(join(folder, 'detection.yaml'));
  return { config: DetectionConfig.parse({ schema: 1, detector: 'adaptive' }), from: 'the defaults' };
}
