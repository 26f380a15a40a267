import { restoreQueue } from '@nightshift/queue';
import { formatProblems, loadCatalogue } from '@nightshift/runtime';
import { NightshiftError } from '@nightshift/types';
import { folders } from '../folders.ts';
import { targetEnv } from '../target-env.ts';

const timeoutMs = 10 * 60_000;

/** Puts the jobs that were moved aside from a target's queue back into it. */
export async function restore(id: string, { json }: { json: boolean }): Promise<number> {
  const { configDir } = folders();
  const loaded = await loadCatalogue(configDir);
  if (!loaded.ok) throw new NightshiftError('FILE_INVALID', formatProblems(loaded.problems));
  const target = loaded.value.services.flatMap(({ targets }) => targets).find((each) => each.id === id);
  if (target?.kind !== 'bullmq')
    throw new NightshiftError('NOT_FOUND', `${configDir}/catalogue.yaml has no bullmq target "${id}"`);
  const url = targetEnv()[target.urlEnv];
  if (!url) throw new NightshiftError('CONFIG_INVALID', `${target.urlEnv}, which "${id}" names, is not set`);
  const { queue, prefix } = target;
  const restored = await restoreQueue({ url, queue, prefix, signal: AbortSignal.timeout(timeoutMs) });
  const words = `${restored} jobs are back in ${queue}`;
  process.stdout.write(`${json ? JSON.stringify({ target: id, queue, restored }) : words}\n`);
  return 0;
}
