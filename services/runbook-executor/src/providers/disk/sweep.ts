import { lstat, opendir, realpath, unlink } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** What a walk may cost: entries looked at, levels below the folder. */
const walkLimits = { entries: 200_000, levels: 16 };

export type OldFile = { path: string; bytes: number };
export type Swept = { files: number; bytes: number };

/**
 * Regular files under `folder`, last written before `before` (epoch ms). Links are neither followed nor listed, nor is anything on another
 * file system than the folder's.
 */
export async function* oldFiles(folder: string, before: number, signal: AbortSignal): AsyncGenerator<OldFile> {
  const { dev } = await lstat(folder);
  let looked = 0;
  async function* walk(path: string, level: number): AsyncGenerator<OldFile> {
    for await (const entry of await opendir(path)) {
      signal.throwIfAborted();
      if (++looked > walkLimits.entries) throw new Error(`more than ${walkLimits.entries} entries under ${folder}`);
      const child = join(path, entry.name);
      if (entry.isDirectory() && level < walkLimits.levels && (await lstat(child)).dev === dev)
        yield* walk(child, level + 1);
      if (!entry.isFile()) continue;
      const { mtimeMs, size, dev: on } = await lstat(child);
      if (mtimeMs < before && on === dev) yield { path: child, bytes: size };
    }
  }
  yield* walk(folder, 1);
}

/** Removes those files, so many and no more; one that is gone already, or was written since, is left. Returns what was removed. */
export async function sweep(folder: string, before: number, mostFiles: number, signal: AbortSignal): Promise<Swept> {
  const swept: Swept = { files: 0, bytes: 0 };
  for await (const { path } of oldFiles(folder, before, signal)) {
    if (swept.files >= mostFiles) break;
    // A folder that was exchanged for a link since we entered it leads elsewhere.
    const parent = await realpath(dirname(path));
    if (parent !== folder && !parent.startsWith(folder + sep))
      throw new Error(`${dirname(path)} leads out of ${folder}`);
    const bytes = await removeOld(path, before);
    if (bytes === null) continue;
    swept.files++;
    swept.bytes += bytes;
  }
  return swept;
}

async function removeOld(path: string, before: number): Promise<number | null> {
  try {
    const now = await lstat(path);
    if (!now.isFile() || now.mtimeMs >= before) return null;
    await unlink(path);
    return now.size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
