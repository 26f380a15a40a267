import { z } from 'zod';
import { isRecord } from '../check.ts';

/** One place in a JSON document: `$` is the whole body, `@` the item at hand. */
export type Path = { text: string; root: '$' | '@'; steps: (string | number)[] };

const maxChars = 256;
const maxSteps = 16;
const step = /\.([A-Za-z_][\w-]*)|\[(\d{1,4})\]|\['([^'\\]{1,128})'\]/y;

/** A singular query of JSONPath (RFC 9535): names and indices, no filters, nothing that could take long. */
export const Path = z
  .string()
  .max(maxChars)
  .transform((text, context): Path => {
    const path = parsePath(text);
    if (path) return path;
    context.addIssue({
      code: 'custom',
      message: `${JSON.stringify(text)} is no path: write $ or @, then up to ${maxSteps} steps such as .name, [0] or ['odd name']`,
    });
    return z.NEVER;
  });

export const isPath = (text: string): boolean => /^[$@]/.test(text);

function parsePath(text: string): Path | undefined {
  const root = text[0];
  if (root !== '$' && root !== '@') return undefined;
  const steps: (string | number)[] = [];
  for (step.lastIndex = 1; step.lastIndex < text.length;) {
    const found = step.exec(text);
    if (!found || steps.length === maxSteps) return undefined;
    const [, name, index, quoted] = found;
    steps.push(index === undefined ? (name ?? quoted!) : Number(index));
  }
  return { text, root, steps };
}

/** What stands at a path; undefined where there is nothing. Only what the document holds itself: nothing inherited. */
export function at({ root, steps }: Path, from: { $: unknown; '@': unknown }): unknown {
  let value: unknown = from[root];
  for (const each of steps) {
    if (typeof each === 'number') value = Array.isArray(value) ? (value as unknown[])[each] : undefined;
    else value = isRecord(value) && Object.hasOwn(value, each) ? value[each] : undefined;
  }
  return value;
}
