import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone this command belongs to: services, shop and configuration are started and read from here. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Where everything that outlives a run is kept: NIGHTSHIFT_DATA_DIR, or `.nightshift` in the clone. */
export function dataFolder(env: Record<string, string | undefined>): string {
  return resolve(env.NIGHTSHIFT_DATA_DIR || join(root, '.nightshift'));
}
