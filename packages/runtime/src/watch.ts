import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { startLoop } from '@nightshift/lifecycle';
import type { z } from 'zod';
import type { Logger } from './logger.ts';
import { formatProblems, loadYaml, valueOf, type Loaded, type Problem } from './yaml.ts';

/** A file's content, followed as it changes. A broken edit is reported and the last good one stays in force. */
export type Watched<T> = { current(): T; problems(): Problem[]; close(): Promise<void> };

const everyMs = 1_000;

/** Follows one YAML file. Throws FILE_INVALID when it is broken at the start: there is no last good one yet. */
export function watchYaml<T extends z.ZodType>(file: string, schema: T, log: Logger): Promise<Watched<z.infer<T>>> {
  return watchLoaded({ name: file, fingerprint: () => fingerprint(file), load: () => loadYaml(file, schema), log });
}

export type Followed<T> = {
  /** Says in the log what is followed. */
  name: string;
  /** Changes whenever what would be loaded may have changed. */
  fingerprint(): Promise<string>;
  load(): Promise<Loaded<T>>;
  log: Logger;
  /** Taken when it is broken at the start, instead of throwing. */
  orElse?: T;
};

/** Follows anything that is loaded from files. Throws FILE_INVALID when it is broken at the start and there is no `orElse`. */
export async function watchLoaded<T>({
  name,
  fingerprint: print,
  load,
  log,
  orElse,
}: Followed<T>): Promise<Watched<T>> {
  let seen = await print();
  const first = await load();
  let value = first.ok || orElse === undefined ? valueOf(first) : orElse;
  let problems = first.ok ? [] : first.problems;
  if (!first.ok) report(log, name, problems);
  const loop = startLoop({
    everyMs,
    onError: (err) => log.error({ err, file: name }, 'cannot follow file'),
    async round() {
      const now = await print();
      if (now === seen) return 'idle';
      seen = now;
      const loaded = await load();
      problems = loaded.ok ? [] : loaded.problems;
      if (loaded.ok) value = loaded.value;
      report(log, name, problems);
      return 'idle';
    },
  });
  return { current: () => value, problems: () => problems, close: () => loop.close() };
}

export type Versioned<T> = { value: T; hash: string; file: string };

/**
 * Follows every `*.yaml` of a folder, each on its own: one broken file takes none of the others with it. Rejects where there is no such folder, unless it
 * is optional: then it is empty until it is there.
 */
export async function watchYamlFolder<T extends z.ZodType>(
  folder: string,
  schema: T,
  log: Logger,
  { optional = false }: { optional?: boolean } = {},
): Promise<Watched<Versioned<z.infer<T>>[]>> {
  const good = new Map<string, Versioned<z.infer<T>>>();
  const bad = new Map<string, Problem[]>();
  const seen = new Map<string, string>();
  const round = async () => {
    const files = (
      await readdir(folder).catch((error: NodeJS.ErrnoException) => {
        if (optional && error.code === 'ENOENT') return [];
        throw error;
      })
    )
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(folder, name));
    for (const gone of [...seen.keys()].filter((file) => !files.includes(file))) {
      for (const map of [good, bad, seen]) map.delete(gone);
    }
    for (const file of files) {
      const print = await fingerprint(file);
      if (seen.get(file) === print) continue;
      seen.set(file, print);
      const loaded = await loadYaml(file, schema);
      if (loaded.ok) good.set(file, { value: loaded.value, hash: loaded.hash, file });
      if (loaded.ok) bad.delete(file);
      else bad.set(file, loaded.problems);
      report(log, file, loaded.ok ? [] : loaded.problems);
    }
    return 'idle' as const;
  };
  await round();
  const loop = startLoop({ everyMs, round, onError: (err) => log.error({ err, folder }, 'cannot follow folder') });
  return { current: () => [...good.values()], problems: () => [...bad.values()].flat(), close: () => loop.close() };
}

function report(log: Logger, file: string, problems: Problem[]) {
  if (problems.length === 0) log.info({ file }, 'configuration loaded');
  else
    log.error(
      { file, problems },
      `configuration refused, the last good one stays in force:\n${formatProblems(problems)}`,
    );
}

/** Changes when a file does. */
export async function fingerprint(file: string): Promise<string> {
  const info = await stat(file).catch(() => null);
  return info ? `${info.mtimeMs}/${info.size}/${info.ino}` : 'absent';
}
