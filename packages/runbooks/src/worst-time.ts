import { actionLimits, type RunbookStep } from '@nightshift/types';

/** The pause before repeat `attempt` (counted from 1) of an action: doubled each time, up to the limit. */
export const backOffMs = (attempt: number, firstMs: number = actionLimits.backOffMs.default): number =>
  Math.min(firstMs * 2 ** (attempt - 1), actionLimits.backOffMs.max);

/** How long steps take at the very worst: every attempt its whole time, every wait in vain, every branch taken. */
export const worstTimeMs = (steps: readonly RunbookStep[]): number =>
  sum(steps.flatMap(({ onFailure = [], ...step }) => [step, ...onFailure]).map(stepMs));

function stepMs({ timeoutMs, maxRetries, backOffMs: first, waitUntil }: Omit<RunbookStep, 'onFailure'>): number {
  const waitMs = !waitUntil ? 0 : 'afterMs' in waitUntil ? waitUntil.afterMs : waitUntil.withinMs;
  const pauses = Array.from({ length: maxRetries }, (_, i) => backOffMs(i + 1, first));
  return waitMs + timeoutMs * (1 + maxRetries) + sum(pauses);
}

const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);
