import type { Target } from '@nightshift/types';
import { z } from 'zod';
import { parse } from '../answer.ts';
import { addressFrom, call, type Answer } from '../call.ts';
import type { Env } from '../provider.ts';

/** A supervised process, as its control API describes it. */
export const ProcessState = z.object({
  name: z.string(),
  state: z.enum(['running', 'stopped', 'crashed']),
  version: z.string(),
  /** Changes with every start; where nothing runs, it is that of the last start. */
  instance: z.string().min(1),
  /** Absent where the API cannot scale. */
  replicas: z.number().int().min(0).optional(),
});
export type ProcessState = z.infer<typeof ProcessState>;

/** What a change answers: `applied: false` says that this key had been applied before. */
export const Change = z.object({ key: z.string(), applied: z.boolean(), process: ProcessState });

export type ProcessTarget = Extract<Target, { kind: 'process' }>;
export type Connection = { ok: true; base: URL; headers: Record<string, string> } | { ok: false; reason: string };

/** A supervisor runs beside what it supervises. */
const bounds = { allowPrivate: true, maxBytes: 64 * 1024 };
const readTimeoutMs = 5_000;

export function connection(target: ProcessTarget, env: Env): Connection {
  const address = addressFrom(env, target.urlEnv);
  if (!address.ok) return address;
  const token = env[target.tokenEnv];
  if (!token) return { ok: false, reason: `${target.tokenEnv} is not set` };
  if (!address.url.pathname.endsWith('/')) address.url.pathname += '/';
  return { ok: true, base: address.url, headers: { authorization: `Bearer ${token}` } };
}

export type Reading = { ok: true; process: ProcessState } | { ok: false; reason: string; again: boolean };

/** Asks how a process is. */
export async function readProcess(target: ProcessTarget, env: Env, signal: AbortSignal): Promise<Reading> {
  const to = connection(target, env);
  if (!to.ok) return { ...to, again: false };
  const url = new URL(`processes/${encodeURIComponent(target.process)}`, to.base);
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(readTimeoutMs)]);
  const answer = await call({ url, method: 'GET', headers: to.headers, signal: bounded, ...bounds });
  if (answer.kind !== 'answer') return { ok: false, reason: answer.reason, again: true };
  if (answer.status !== 200)
    return {
      ok: false,
      reason: `the control API answered ${answer.status}: ${answer.text}`,
      again: answer.status >= 500,
    };
  const process = parse(ProcessState, answer.text);
  if (!process)
    return { ok: false, reason: `the control API answered what is no process: ${answer.text}`, again: false };
  return { ok: true, process };
}

/** Asks for a change. The body carries the key, so that a repeat changes nothing. */
export function change(
  to: Extract<Connection, { ok: true }>,
  name: string,
  verb: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Answer> {
  const url = new URL(`processes/${encodeURIComponent(name)}/${verb}`, to.base);
  return call({ url, method: 'POST', headers: to.headers, body: JSON.stringify(body), signal, ...bounds });
}
