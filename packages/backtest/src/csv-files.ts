import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';

/** A file, and its path below the folder that was asked for. */
export type CsvFile = { path: string; name: string };

const isCsv = (path: string) => /\.csv(\.gz)?$/i.test(path);

/**
 * The CSV files (`.csv`, `.csv.gz`) of a folder and of all below it, or the one file that is named; links are followed.
 * Leaves out what lies in `except`, the folder that results go to.
 */
export async function csvFiles(path: string, except?: string): Promise<CsvFile[]> {
  if (!(await stat(path)).isDirectory()) return [{ path, name: basename(path) }];
  const found: string[] = [];
  await walk(path, new Set(), except === undefined ? undefined : resolve(except), found);
  return found.toSorted().map((file) => ({ path: file, name: relative(path, file).split(sep).join('/') }));
}

async function walk(folder: string, seen: Set<string>, except: string | undefined, found: string[]): Promise<void> {
  const real = await realpath(folder);
  // A link back to a folder above would be walked for ever.
  if (seen.has(real) || resolve(folder) === except) return;
  seen.add(real);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const entry = await stat(path).catch(() => null); // a link to nowhere
    if (entry?.isDirectory()) await walk(path, seen, except, found);
    else if (entry?.isFile() && isCsv(name)) found.push(path);
  }
}
