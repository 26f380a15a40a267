import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorMessage, inputLimits, NightshiftError } from '@nightshift/types';
import { Document, isMap, LineCounter, parseAllDocuments } from 'yaml';
import type { z } from 'zod';

/** One mistake in a file: where, in which field, and what was expected. */
export type Problem = { file: string; line: number; column: number; field: string; message: string };
export type Loaded<T> = { ok: true; value: T; hash: string } | { ok: false; problems: Problem[] };

/** Reads and validates a YAML file. Never throws: a missing, huge, malformed or invalid file comes back as its problems. */
export async function loadYaml<T extends z.ZodType>(file: string, schema: T): Promise<Loaded<z.infer<T>>> {
  const text = await readText(file);
  return text.ok ? parseYaml(file, text.value, schema) : text;
}

/** The text of a configuration file, or why it cannot be had. */
export async function readText(
  file: string,
): Promise<{ ok: true; value: string } | { ok: false; problems: Problem[] }> {
  const whole = (message: string) => ({
    ok: false as const,
    problems: [{ file, line: 1, column: 1, field: '', message }],
  });
  try {
    const text = await readFile(file, 'utf8');
    const tooLarge = Buffer.byteLength(text) > inputLimits.configFileBytes;
    return tooLarge ? whole(`is larger than ${inputLimits.configFileBytes} bytes`) : { ok: true, value: text };
  } catch (error) {
    return whole(`cannot be read: ${errorMessage(error)}`);
  }
}

/** The same for text in memory; `file` only names it in problems. */
export function parseYaml<T extends z.ZodType>(file: string, text: string, schema: T): Loaded<z.infer<T>> {
  const parts = parseParts(file, text);
  if (!parts.ok) return parts;
  const [part, second] = parts.value;
  if (second) return { ok: false, problems: [second.problem([], 'must be one document: "---" begins a second one')] };
  const valid = part!.validate(schema);
  return valid.ok ? { ...valid, hash: hashOf(valid.value) } : valid;
}

/** One document of a file: its content, and where in the file each part of it stands. */
export type Part = {
  file: string;
  content: unknown;
  problem(path: PropertyKey[], message: string): Problem;
  validate<T extends z.ZodType>(
    schema: T,
  ): { ok: true; value: z.infer<T> } | { ok: false; problems: [Problem, ...Problem[]] };
};

/** Every document of a text that may hold several, or the places where it is no YAML. Empty ones are left out, but for the only one. */
export function parseParts(
  file: string,
  text: string,
): { ok: true; value: Part[] } | { ok: false; problems: Problem[] } {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents = 'empty' in parsed ? [new Document(null)] : parsed;
  // What follows the first mistakes in the writing itself is mostly their echo.
  const errors = documents.flatMap((document) => document.errors).slice(0, 3);
  if (errors.length > 0) {
    return {
      ok: false,
      problems: errors.map((error) => ({ ...at(error.pos[0]), field: '', message: error.message })),
    };
  }
  try {
    const parts = documents.map((document) => partOf(document, document.toJS({ maxAliasCount: 50 }), at));
    const filled = parts.filter(({ content }) => content !== null);
    return { ok: true, value: filled.length > 0 ? filled : parts.slice(0, 1) };
  } catch (error) {
    return { ok: false, problems: [{ ...at(0), field: '', message: errorMessage(error) }] };
  }
}

type Position = Pick<Problem, 'file' | 'line' | 'column'>;

function partOf(document: Document, content: unknown, at: (offset: number) => Position): Part {
  const problem = (path: PropertyKey[], message: string) => ({
    ...at(offsetOf(document, path)),
    field: fieldName(path),
    message,
  });
  return {
    file: at(0).file,
    content,
    problem,
    validate(schema) {
      const parsed = schema.safeParse(content);
      if (parsed.success) return { ok: true, value: parsed.data };
      const problems = parsed.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => problem([...issue.path, key], 'is not a known field'))
          : [problem(issue.path, issue.message)],
      );
      return { ok: false, problems: problems as [Problem, ...Problem[]] };
    },
  };
}

/** Names a configuration by what it says, whatever its file looks like. */
export const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);

/** The position of a field's key, or of the nearest thing around it that exists. */
function offsetOf(document: Document, path: PropertyKey[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    if (isMap(parent)) {
      const pair = parent.items.find((item) => String(item.key) === String(path[depth - 1]));
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
      if (range) return range[0];
    }
    const node = document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function fieldName(path: PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join('');
}

/** `file:line:column field: message`, one line each. */
export function formatProblems(problems: Problem[]): string {
  return problems
    .map(({ file, line, column, field, message }) => `${file}:${line}:${column} ${field ? `${field}: ` : ''}${message}`)
    .join('\n');
}

/** The value, or FILE_INVALID with every problem. */
export function valueOf<T>(loaded: Loaded<T>): T {
  if (loaded.ok) return loaded.value;
  throw new NightshiftError('FILE_INVALID', formatProblems(loaded.problems), {
    details: { problems: loaded.problems },
  });
}
