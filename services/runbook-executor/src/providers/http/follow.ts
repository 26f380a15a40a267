import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { parse } from '../answer.ts';
import type { Answer } from '../call.ts';
import type { SendResult } from '../provider.ts';

/** What an operation under way says of itself; other fields are shown with the result. */
const Progress = z.object({ status: z.string().transform((status) => status.toLowerCase()) });
const goesOn = new Set(['accepted', 'queued', 'pending', 'running', 'in_progress', 'started']);
const done = new Set(['succeeded', 'success', 'completed', 'done']);
const notDone = new Set(['failed', 'failure', 'error', 'cancelled', 'canceled']);

export type Following = {
  /** The 202, with the address of its result in Location. */
  accepted: Extract<Answer, { kind: 'answer' }>;
  /** What was asked: the result must be at the same origin, as it is asked for with the same signature. */
  from: URL;
  everySeconds: number;
  get(url: URL): Promise<Answer>;
  signal: AbortSignal;
};

/** Asks for the result of what was accepted, at the pace that it says, until it has ended or the time is over. */
export async function follow({ accepted, from, everySeconds, get, signal }: Following): Promise<SendResult> {
  const { location } = accepted.headers;
  if (location === undefined || !URL.canParse(location, from.href))
    return uncertain('answered 202 without the address of its result (Location)');
  const url = new URL(location, from);
  if (url.origin !== from.origin)
    return uncertain(`its result would be at ${url.origin}, not at ${from.origin}: not asked`);
  let pauseMs = pauseOf(accepted, everySeconds);
  for (;;) {
    if (!(await passed(pauseMs, signal))) return uncertain('accepted, but its result did not come in time');
    const answer = await get(url);
    const result = answer.kind === 'answer' ? judge(answer) : null;
    if (result) return result;
    pauseMs = pauseOf(answer, everySeconds);
  }
}

/** Null: it goes on, or it cannot be said just now. */
function judge({ status, text }: Extract<Answer, { kind: 'answer' }>): SendResult | null {
  if (status === 202 || status === 429 || status >= 500) return null;
  if (status !== 200) return uncertain(`its result was answered with ${status}: ${text}`);
  const progress = parse(Progress, text);
  if (!progress) return uncertain(`its result is not {"status": …} as JSON: ${text}`);
  const said = progress.status;
  if (goesOn.has(said)) return null;
  if (done.has(said)) return { outcome: 'succeeded', detail: `accepted, then ${said}: ${text}` };
  if (notDone.has(said)) return { outcome: 'failed', detail: `accepted, then ${said}: ${text}`, again: false };
  return uncertain(`its result has an unknown status: ${text}`);
}

/** Retry-After in seconds or as a date (RFC 9110); never less than a quarter second, never more than a minute. */
function pauseOf(answer: Answer, everySeconds: number): number {
  const said = answer.kind === 'answer' ? answer.headers['retry-after'] : undefined;
  const seconds =
    said === undefined ? everySeconds : /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1_000;
  return Math.min(60_000, Math.max(250, Number.isFinite(seconds) ? seconds * 1_000 : everySeconds * 1_000));
}

const passed = (ms: number, signal: AbortSignal) => delay(ms, true, { signal }).catch(() => false);

const uncertain = (detail: string): SendResult => ({ outcome: 'uncertain', detail });
