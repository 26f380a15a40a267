import type { z } from 'zod';
import type { Answer } from './call.ts';
import type { SendResult } from './provider.ts';

/** Statuses that say "not now, and I did nothing". */
const notNow = new Set([408, 425, 429, 503]);
/** Statuses of something in between that does not know what the target did. */
const inBetween = new Set([502, 504]);

/** What an answer other than the expected one means for an action. */
export function judgeAnswer(answer: Answer): Exclude<SendResult, { outcome: 'succeeded' }> {
  if (answer.kind === 'forbidden') return { outcome: 'refused', detail: answer.reason };
  if (answer.kind === 'not_sent') return { outcome: 'failed', detail: answer.reason, again: true };
  if (answer.kind === 'no_answer') return { outcome: 'uncertain', detail: answer.reason };
  const detail = `answered ${answer.status}: ${answer.text}`;
  if (answer.status === 409 || answer.status === 412) return { outcome: 'refused', detail };
  if (notNow.has(answer.status)) return { outcome: 'failed', detail, again: true };
  if (inBetween.has(answer.status) || answer.status < 300) return { outcome: 'uncertain', detail };
  return { outcome: 'failed', detail, again: answer.status >= 500 };
}

/** Null where the text is not JSON of that shape. */
export function parse<T extends z.ZodType>(schema: T, text: string): z.infer<T> | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
