import type { Deps, Running } from '@nightshift/runtime';
import type { Config } from './config.ts';
import { postmortem } from './handlers/postmortem.ts';

/** Writes postmortems. */
export async function startPostmortem(_config: Config, { db }: Deps): Promise<Running<'postmortem'>> {
  return { stages: { postmortem: postmortem({ db }) }, close: async () => {} };
}
