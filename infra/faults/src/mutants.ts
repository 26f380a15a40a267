import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { programOf } from './world/processes.ts';

/** One safety taken out of the built executor: in this file, this text becomes that one. */
type Mutant = { file: string; from: string; to: string; what: string };

export const mutants: Record<string, Mutant> = {
  'no-lease': {
    file: 'admission.js',
    from: 'if (taken > 0)',
    to: 'if (false)',
    what: 'whoever comes second does not wait for the lease of the first',
  },
  'no-limits': {
    file: 'admission.js',
    from: 'exceededLimit(useOf(action, at), await usesOf(tx, action, at), at)',
    to: 'null',
    what: 'admission counts nothing',
  },
  'no-intent': {
    file: 'admission.js',
    from: "SET state = 'dispatching', fence = fence + 1",
    to: 'SET fence = fence + 1',
    what: 'the request is sent without that being on record first',
  },
  'no-fence': {
    file: 'record.js',
    from: "AND fence = $2 AND state = 'dispatching' FOR UPDATE",
    to: 'AND $2::bigint > 0 FOR UPDATE',
    what: 'whoever wakes up late records its outcome over what others have done since',
  },
  'repeat-once': {
    file: 'admission.js',
    from: "if (action.planned.class === 'once')",
    to: 'if (false)',
    what: 'what may be done at most once is sent again',
  },
  'new-key': {
    file: 'perform.js',
    from: 'key: action.id',
    to: 'key: `${action.id}-${admitted.attempt}`',
    what: 'each attempt has a key of its own',
  },
};

/** Copies the built executor with that one change. The copy lies beside the original, where its packages are found. */
export async function buildMutant(name: string): Promise<{ program: string; remove(): Promise<void> }> {
  const { file, from, to } = mutants[name]!;
  const original = dirname(programOf('runbook-executor'));
  const copy = await mkdtemp(join(dirname(original), 'dist-mutant-'));
  await cp(original, copy, { recursive: true });
  const path = join(copy, file);
  const text = await readFile(path, 'utf8');
  if (!text.includes(from)) throw new Error(`the mutant ${name} no longer fits: ${file} does not say ${from}`);
  await writeFile(path, text.replace(from, to));
  return { program: join(copy, 'main.js'), remove: () => rm(copy, { recursive: true }) };
}
