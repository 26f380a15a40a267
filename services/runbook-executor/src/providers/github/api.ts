import type { Target } from '@nightshift/types';
import { z } from 'zod';
import { parse } from '../answer.ts';
import { addressFrom, call, type Answer } from '../call.ts';
import type { Env, SendResult } from '../provider.ts';

export type GithubTarget = Extract<Target, { kind: 'github' }>;

/** Asks GitHub: https://docs.github.com/rest, with the version of the API that this was written for. */
export type Github = (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>;

const apiVersion = '2022-11-28';
const answerBytes = 1024 * 1024;

export function openGithub(
  { apiUrlEnv, tokenEnv, repository, allowPrivate = false }: GithubTarget,
  env: Env,
  signal: AbortSignal,
): { ok: true; github: Github; base: URL } | { ok: false; reason: string } {
  const address =
    apiUrlEnv === undefined
      ? { ok: true as const, url: new URL('https://api.github.com') }
      : addressFrom(env, apiUrlEnv);
  if (!address.ok) return address;
  const token = env[tokenEnv];
  if (!token) return { ok: false, reason: `${tokenEnv} is not set` };
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'user-agent': 'nightshift',
    'x-github-api-version': apiVersion,
  };
  const base = `${address.url.href.replace(/\/$/, '')}/repos/${repository}`;
  return {
    ok: true,
    base: address.url,
    github: (method, path, body) =>
      call({
        url: new URL(base + path),
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
        signal,
        allowPrivate,
        maxBytes: answerBytes,
      }),
  };
}

/** Why an answer is not a success, in GitHub's own words. */
export function words(answer: Answer): string {
  if (answer.kind !== 'answer') return answer.reason;
  const parsed = parse(z.object({ message: z.string() }), answer.text);
  return `GitHub answered ${answer.status}: ${parsed?.message ?? answer.text.slice(0, 500)}`;
}

/** The body of a 200, or null. */
export function bodyOf<T extends z.ZodType>(answer: Answer, schema: T): z.infer<T> | null {
  if (answer.kind !== 'answer' || answer.status !== 200) return null;
  return parse(schema, answer.text);
}

/** Primary and secondary limits: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api */
function isRateLimited(answer: Answer): boolean {
  if (answer.kind !== 'answer' || (answer.status !== 403 && answer.status !== 429)) return false;
  const { headers } = answer;
  return answer.status === 429 || headers['retry-after'] !== undefined || headers['x-ratelimit-remaining'] === '0';
}

/** Whether asking once more may help. */
export const mayPass = (answer: Answer) =>
  answer.kind === 'not_sent' ||
  answer.kind === 'no_answer' ||
  (answer.kind === 'answer' && answer.status >= 500) ||
  isRateLimited(answer);

/** How long GitHub asks to wait, ms; `everySeconds` where it asks for nothing. */
export function pauseMs(answer: Answer, everySeconds: number): number {
  const headers = answer.kind === 'answer' ? answer.headers : {};
  const after = Number(headers['retry-after']);
  if (after > 0) return after * 1_000;
  const reset = Number(headers['x-ratelimit-reset']) * 1_000 - Date.now();
  return isRateLimited(answer) && reset > 0 ? reset : everySeconds * 1_000;
}

/** What an answer other than 2xx to the dispatch means. A dispatch that was refused has started nothing. */
export function judgeDispatch(answer: Answer): SendResult {
  const detail = words(answer);
  if (answer.kind === 'no_answer') return { outcome: 'uncertain', detail };
  if (answer.kind === 'answer' && answer.status >= 500) return { outcome: 'uncertain', detail };
  return mayPass(answer) ? { outcome: 'failed', detail, again: true } : { outcome: 'refused', detail };
}
