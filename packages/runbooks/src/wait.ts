/** Waiting before a step. Pure: asked again, it answers from what stands in Postgres by then. */
import { checkFact, type Found, type PlannedWait } from '@nightshift/types';

export type Waited = 'ready' | { againMs: number; look: boolean } | { failed: string };

export type WaitQuestion = {
  wait: PlannedWait;
  /** When the step before it ended, or the plan was made (epoch ms). */
  since: number;
  at: number;
  /** The newest look at the incident, if it was begun after `since`. */
  fresh: Found[];
  /** Epoch ms of the newest look, whenever it was. */
  lookedAt: number;
};

const lookEveryMs = 5_000;
const askEveryMs = 1_000;

/** Whether a step may begin, when to ask again and whether to look afresh for that, or that its time is over. */
export function waited({ wait, since, at, fresh, lookedAt }: WaitQuestion): Waited {
  if ('afterMs' in wait) {
    const left = since + wait.afterMs - at;
    return left <= 0 ? 'ready' : { againMs: left, look: false };
  }
  const { condition, actual, holds } = checkFact(wait as Parameters<typeof checkFact>[0], fresh);
  if (holds) return 'ready';
  const left = since + wait.withinMs - at;
  if (left <= 0) return { failed: `waited ${wait.withinMs / 1_000} s for ${condition}, it is ${actual}` };
  return { againMs: Math.min(askEveryMs, left), look: at - Math.max(lookedAt, 0) >= lookEveryMs };
}
