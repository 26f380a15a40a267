import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { programOf } from './world/processes.ts';

type Edit = { file: string; from: string; to: string };
/** One safety taken out of the built executor: in these files, these texts become those. */
type Mutant = { what: string; edits: Edit[] };

const admission = (from: string, to: string): Edit => ({ file: 'admission.js', from, to });

export const mutants: Record<string, Mutant> = {
  'no-limits': {
    what: 'admission counts nothing',
    edits: [admission('exceededLimit(use, others, at)', 'null')],
  },
  'no-intent': {
    what: 'the request is sent without that being on record first',
    edits: [
      admission("SET state = 'dispatching', fence = fence + 1", 'SET fence = fence + 1'),
      { file: 'gate.js', from: 'return mine.length === 1 ?', to: 'return true ?' },
    ],
  },
  'no-fence': {
    what: 'whoever wakes up late records its outcome over what others have done since',
    edits: [
      {
        file: 'record.js',
        from: "AND fence = $2 AND state = 'dispatching' FOR UPDATE",
        to: 'AND $2::bigint > 0 FOR UPDATE',
      },
    ],
  },
  'repeat-once': {
    what: 'what may be done at most once is sent again',
    edits: [admission("if (planned.class === 'once')", 'if (false)')],
  },
  'new-key': {
    what: 'each attempt has a key of its own',
    edits: [{ file: 'perform.js', from: 'key: action.id', to: 'key: `${action.id}-${admitted.attempt}`' }],
  },
};

/** Copies the built executor without that safety. The copy lies beside the original, where its packages are found. */
export async function buildMutant(name: string): Promise<{ program: string; remove(): Promise<void> }> {
  const original = dirname(programOf('runbook-executor'));
  const copy = await mkdtemp(join(dirname(original), 'dist-mutant-'));
  await cp(original, copy, { recursive: true });
  for (const { file, from, to } of mutants[name]!.edits) {
    const path = join(copy, file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(from)) throw new Error(`the mutant ${name} no longer fits: ${file} does not say ${from}`);
    await writeFile(path, text.replace(from, to));
  }
  return { program: join(copy, 'main.js'), remove: () => rm(copy, { recursive: true }) };
}
