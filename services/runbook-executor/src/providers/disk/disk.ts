import { lstat, realpath } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { noParams } from '@nightshift/runbooks';
import { errorMessage, type Target } from '@nightshift/types';
import { plannedCall, refuse, type Env, type ProviderOf, type SendResult } from '../provider.ts';
import { oldFiles, sweep } from './sweep.ts';

type DiskTarget = Extract<Target, { kind: 'disk' }>;

/**
 * Temporary files under the one folder that the catalogue names with `clear`, on the machine of the executor: regular files, older than it
 * says, so many at once. The cut-off is pinned in the plan, so that doing it again removes nothing that it was not made for.
 */
export const diskProvider: ProviderOf<'disk'> = {
  supports: ['clear_cache'],

  async plan({ target, type, params, env, signal }) {
    const none = noParams(type, params);
    if (!none.ok) return refuse(none.reason);
    if (!target.clear)
      return refuse(`the catalogue does not say what may be cleared of ${target.id}: it has no "clear"`);
    if (target.ssh)
      return refuse(`${target.id} is on ${target.ssh.host}: this clears folders of the executor's own machine`);
    const folder = await folderOf(target, env);
    if (!folder.ok) return refuse(folder.reason);
    const { olderThanMinutes, mostFiles } = target.clear;
    const before = Date.now() - olderThanMinutes * 60_000;
    const found = { files: 0, bytes: 0 };
    for await (const { bytes } of oldFiles(folder.path, before, signal)) {
      if (found.files >= mostFiles) break;
      found.files++;
      found.bytes += bytes;
    }
    if (found.files === 0)
      return refuse(`nothing in ${folder.path} is older than ${olderThanMinutes} min: there is nothing to clear`);
    return plannedCall('idempotent', {
      params: { folder: folder.path, before },
      precondition: { device: folder.device, inode: folder.inode },
      summary: `remove files older than ${olderThanMinutes} min from ${folder.path}: ${inWords(found)}, at most ${mostFiles}`,
      undo: 'cannot be undone: what is temporary is made again when it is needed',
    });
  },

  async send({ target, action, env, signal }) {
    const folder = await folderOf(target, env);
    if (!folder.ok) return { outcome: 'refused', detail: folder.reason };
    const { params, precondition } = action;
    if (!target.clear || target.ssh || params['folder'] !== folder.path)
      return { outcome: 'refused', detail: `the catalogue no longer allows clearing ${params['folder']}` };
    if (precondition['device'] !== folder.device || precondition['inode'] !== folder.inode)
      return { outcome: 'refused', detail: `${folder.path} is another folder than the plan was made for` };
    const before = Number(params['before']);
    if (!(before <= Date.now() - target.clear.olderThanMinutes * 60_000))
      return { outcome: 'refused', detail: `the plan's cut-off is younger than ${target.clear.olderThanMinutes} min` };
    try {
      const swept = await sweep(folder.path, before, target.clear.mostFiles, signal);
      return { outcome: 'succeeded', detail: `removed ${inWords(swept)} from ${folder.path}` };
    } catch (error) {
      return failure(error, signal);
    }
  },
};

type Folder = { ok: true; path: string; device: number; inode: number } | { ok: false; reason: string };

/** The folder as it is now: a real one, under its own name, and no system's root. */
async function folderOf(target: DiskTarget, env: Env): Promise<Folder> {
  const no = (reason: string): Folder => ({ ok: false, reason });
  const path = target.path ?? (target.pathEnv && env[target.pathEnv]);
  if (!path)
    return no(target.pathEnv ? `${target.pathEnv} is not set` : `${target.id} names neither a path nor a pathEnv`);
  if (!isAbsolute(path) || path.split('/').filter(Boolean).length < 2)
    return no(`${path} must be an absolute path at least two levels below the root`);
  try {
    const real = await realpath(path);
    if (real !== path.replace(/\/+$/, ''))
      return no(`${path} leads to ${real}: name the folder itself, without links and ".."`);
    const found = await lstat(path);
    return found.isDirectory()
      ? { ok: true, path: real, device: found.dev, inode: found.ino }
      : no(`${path} is no folder`);
  } catch (error) {
    return no(`${path} cannot be looked at: ${errorMessage(error)}`);
  }
}

function failure(error: unknown, signal: AbortSignal): SendResult {
  const detail = `a part may be removed: ${errorMessage(error)}`;
  if (signal.aborted) return { outcome: 'uncertain', detail };
  // EACCES, EROFS: the system's own answer, which a repeat will not change.
  return { outcome: 'failed', detail, again: false };
}

const inWords = ({ files, bytes }: { files: number; bytes: number }) =>
  `${files} files, ${(bytes / 1e6).toFixed(1)} MB`;
