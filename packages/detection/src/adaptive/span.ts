import type { Span } from './constants.ts';

/** How long a span is for a series with this step. */
export const spanOf = (span: Span, stepMs: number): number => Math.max(span.ms, span.steps * stepMs);

/** What part of a new value a running mean over `span` takes, `elapsedMs` after the last. The first ones are plain means. */
export const rateOf = (span: Span, elapsedMs: number, stepMs: number, samples: number): number =>
  Math.max(1 / samples, 1 - Math.exp(-elapsedMs / spanOf(span, stepMs)));
