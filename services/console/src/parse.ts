import { NightshiftError } from '@nightshift/types';
import type { z } from 'zod';

/** What came from outside, checked. Throws BODY_INVALID naming every field that is wrong. */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.infer<T> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`);
  throw new NightshiftError('BODY_INVALID', fields.join('; '), { details: { fields } });
}
