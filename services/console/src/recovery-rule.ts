import { join } from 'node:path';
import { watchYaml, type Logger, type Watched } from '@nightshift/runtime';
import { DetectionConfig } from '@nightshift/types';
import type { RecoveryRule } from './wire.ts';

/** What counts as recovered, from detection.yaml, to be shown beside what is reached. Without the file nothing is claimed. */
export async function watchRecoveryRule(
  configDir: string,
  log: Logger,
): Promise<{ current(): RecoveryRule | null; close(): Promise<void> }> {
  let watched: Watched<DetectionConfig> | undefined;
  try {
    watched = await watchYaml(join(configDir, 'detection.yaml'), DetectionConfig, log);
  } catch (err) {
    log.warn({ err }, 'detection.yaml cannot be read: recovery is shown without its goal');
  }
  return {
    current() {
      const recovery = watched?.current().recovery;
      return recovery ? { minSamples: recovery.minSamples, holdMs: recovery.holdSeconds * 1_000 } : null;
    },
    close: async () => watched?.close(),
  };
}
