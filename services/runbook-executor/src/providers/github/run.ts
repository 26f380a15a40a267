import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Answer } from '../call.ts';
import type { SendResult } from '../provider.ts';
import { bodyOf, mayPass, pauseMs, words, type Github } from './api.ts';

const Run = z.object({
  id: z.number().int(),
  display_title: z.string().default(''),
  html_url: z.string().default(''),
  status: z.string(),
  conclusion: z.string().nullable().default(null),
});
export type Run = z.infer<typeof Run>;
const Runs = z.object({ workflow_runs: z.array(Run).max(100) });

type Looked = { ok: true; run: Run | null } | { ok: false; answer: Answer };

/** The run whose name holds the key, among the newest 100 that were dispatched; null: there is none. */
export async function findRun(github: Github, workflow: string, key: string): Promise<Looked> {
  const answer = await github('GET', `/actions/workflows/${workflow}/runs?event=workflow_dispatch&per_page=100`);
  const found = bodyOf(answer, Runs);
  if (!found) return { ok: false, answer };
  return { ok: true, run: found.workflow_runs.find((run) => run.display_title.includes(key)) ?? null };
}

export type Follow = { github: Github; workflow: string; key: string; everySeconds: number; signal: AbortSignal };

/** Waits for the run to appear and to end. The signal ends the waiting, not the run. */
export async function followRun({ github, workflow, key, everySeconds, signal }: Follow): Promise<SendResult> {
  let run: Run | null = null;
  for (;;) {
    const looked: Looked = run ? await readRun(github, run.id) : await findRun(github, workflow, key);
    if (looked.ok) run = looked.run;
    const result = run && resultOf(run);
    if (result) return result;
    if (!looked.ok && !signal.aborted && !mayPass(looked.answer))
      return uncertain(`it was dispatched, but how it goes cannot be seen: ${words(looked.answer)}`);
    const pause = looked.ok ? everySeconds * 1_000 : pauseMs(looked.answer, everySeconds);
    if (await delay(pause, false, { signal }).catch(() => true))
      return uncertain(run ? `it is still ${run.status}: ${run.html_url}` : notSeen);
  }
}

const notSeen =
  'it was dispatched, but no run of it was seen in time; the run-name of the workflow must show the input';

/** Null: it goes on. */
export function resultOf({ status, conclusion, html_url: url }: Run): SendResult | null {
  if (status !== 'completed') return null;
  if (conclusion === 'success') return { outcome: 'succeeded', detail: `the run succeeded: ${url}` };
  return { outcome: 'failed', detail: `the run ended with ${conclusion}: ${url}`, again: false };
}

async function readRun(github: Github, id: number): Promise<Looked> {
  const answer = await github('GET', `/actions/runs/${id}`);
  const run = bodyOf(answer, Run);
  return run ? { ok: true, run } : { ok: false, answer };
}

const uncertain = (detail: string): SendResult => ({ outcome: 'uncertain', detail });
