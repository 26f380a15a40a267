import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone this command belongs to: services, shop and configuration are started and read from here. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Where everything that outlives a run is kept: NIGHTSHIFT_DATA_DIR, or `.nightshift` in the clone. */
export function dataFolder(env: Record<string, string | undefined>): string {
  return resolve(env.NIGHTSHIFT_DATA_DIR || join(root, '.nightshift'));
}

/** Where catalogue and runbooks are: as the services are told, else those of the demo shop and those that ship. */
export function folders(env: Record<string, string | undefined> = process.env): {
  configDir: string;
  runbooksDir: string;
} {
  const own = env.NIGHTSHIFT_CONFIG_DIR;
  return {
    configDir: resolve(own || join(root, 'infra/shop/config')),
    runbooksDir: resolve(env.RUNBOOKS_DIR || (own ? join(own, 'runbooks') : join(root, 'infra/runbooks'))),
  };
}
