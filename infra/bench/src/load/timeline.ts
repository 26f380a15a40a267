import type { FlowOptions } from './flow.ts';

/** Times of the past, ten seconds apart as a scrape's are: nothing that is judged opens an incident, whose cost would be in the figures. */
export type Timeline = { next(steps: number): FlowOptions };

const stepMs = 10_000;

export function makeTimeline(agoMs: number): Timeline {
  const startedAt = Math.floor(Date.now() / stepMs) * stepMs - agoMs;
  let used = 0;
  return {
    next(steps) {
      const from = used;
      used += steps;
      return { goesOn: (step) => step < steps, timeOf: (step) => startedAt + (from + step) * stepMs };
    },
  };
}
