import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errorMessage, inputLimits, NightshiftError } from '@nightshift/types';
import { isMap, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

/** One mistake in a file: where, in which field, and what was expected. */
export type Problem = { file: string; line: number; column: number; field: string; message: string };
export type Loaded<T> = { ok: true; value: T; hash: string } | { ok: false; problems: Problem[] };

/** Reads and validates a YAML file. Never throws: a missing, huge, malformed or invalid file comes back as its problems. */
export async function loadYaml<T extends z.ZodType>(file: string, schema: T): Promise<Loaded<z.infer<T>>> {
  const whole = (message: string) => ({
    ok: false as const,
    problems: [{ file, line: 1, column: 1, field: '', message }],
  });
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return whole(`cannot be read: ${errorMessage(error)}`);
  }
  if (text.length > inputLimits.configFileBytes) return whole(`is larger than ${inputLimits.configFileBytes} bytes`);
  return parseYaml(file, text, schema);
}

/** The same for text in memory; `file` only names it in problems. */
export function parseYaml<T extends z.ZodType>(file: string, text: string, schema: T): Loaded<z.infer<T>> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    return {
      ok: false,
      problems: document.errors.map((error) => ({ ...at(error.pos[0]), field: '', message: error.message })),
    };
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    return { ok: false, problems: [{ ...at(0), field: '', message: errorMessage(error) }] };
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) {
    return {
      ok: true,
      value: parsed.data,
      hash: createHash('sha256').update(JSON.stringify(parsed.data)).digest('hex').slice(0, 16),
    };
  }
  const problems = parsed.error.issues.flatMap((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    return keys.map((key) => {
      const path = key === undefined ? issue.path : [...issue.path, key];
      return {
        ...at(offsetOf(document, path)),
        field: fieldName(path),
        message: key === undefined ? issue.message : 'is not a known field',
      };
    });
  });
  return { ok: false, problems };
}

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
