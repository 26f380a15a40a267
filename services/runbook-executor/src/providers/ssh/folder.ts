import type { PlannedAction } from '@nightshift/types';
import { plannedCall, refuse, type PlanResult, type SendResult } from '../provider.ts';
import { inWords, wasKilled, type There } from './there.ts';

export type Clearing = { folder: string; olderThanMinutes: number };

/**
 * Files under a folder that were not written since `before` (epoch seconds), for GNU find: `-P` follows no symbolic link, `-xdev` stays on
 * its file system, and only files count, so the folders and what else is there remain.
 */
const oldFiles = (folder: string, before: number) =>
  ['find', '-P', folder, '-xdev', '-mindepth', '1', '-type', 'f'].concat('!', '-newermt', `@${before}`);

/** Why the folder may not be touched as it lies there, or null: a link anywhere on the way to it could lead to any other place. */
async function strayed(there: There, folder: string): Promise<string | null> {
  const { exitCode, stdout, stderr } = await there.run(['realpath', '-e', '--', folder]);
  if (exitCode !== 0) return `${folder} on ${there.name} cannot be looked at: ${stderr.trim().slice(0, 300)}`;
  const real = stdout.replace(/\n$/, '');
  return real === folder
    ? null
    : `${folder} on ${there.name} is really ${real.slice(0, 300)}: a symbolic link is not followed`;
}

/** How much lies there; of very many files the first hundred thousand or so. */
async function measure(there: There, find: string[]): Promise<string> {
  const { stdout, truncated } = await there.run([...find, '-printf', '%s\\n']);
  const sizes = stdout.split('\n').slice(0, -1).map(Number);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return `${truncated ? 'more than ' : ''}${sizes.length} files, ${(bytes / 1e6).toFixed(1)} MB`;
}

/** Pins the cut-off by the clock of that machine, which dates its files. */
export async function planClear(there: There, { folder, olderThanMinutes }: Clearing): Promise<PlanResult> {
  const refusal = await strayed(there, folder);
  if (refusal) return refuse(refusal);
  const before = Number(await there.printed(['date', '+%s'])) - olderThanMinutes * 60;
  const found = await measure(there, oldFiles(folder, before));
  return plannedCall('idempotent', {
    params: { folder },
    precondition: { before, olderThanMinutes },
    summary: `remove files older than ${olderThanMinutes} min from ${folder} on ${there.name}: ${found}`,
    undo: 'cannot be undone: the files are gone',
  });
}

/** Removes the files; again is harmless. Whatever is thrown here came before anything was done. */
export async function sendClear(
  there: There,
  { folder, olderThanMinutes }: Clearing,
  pinned: PlannedAction['precondition'],
): Promise<SendResult> {
  if (pinned['olderThanMinutes'] !== olderThanMinutes)
    return { outcome: 'refused', detail: `the catalogue now says ${olderThanMinutes} min, the plan another age` };
  const refusal = await strayed(there, folder);
  if (refusal) return { outcome: 'refused', detail: refusal };
  const find = oldFiles(folder, Number(pinned['before']));
  return clear(there, find, `of ${await measure(there, find)} under ${folder} on ${there.name}`);
}

async function clear(there: There, find: string[], before: string): Promise<SendResult> {
  try {
    const ran = await there.asRoot([...find, '-delete']);
    if (wasKilled(ran)) return { outcome: 'uncertain', detail: `find ${inWords(ran)}: a part of the files is removed` };
    const detail = `${before}, ${await measure(there, find)} are left`;
    return ran.exitCode === 0
      ? { outcome: 'succeeded', detail }
      : { outcome: 'failed', detail: `find ${inWords(ran)}; ${detail}`, again: false };
  } catch (error) {
    return { outcome: 'uncertain', detail: `a part of the files may be removed: ${(error as Error).message}` };
  }
}
