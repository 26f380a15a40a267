import { z } from 'zod';
import { Severity } from './anomaly.ts';
import { inputLimits as limits } from './limits.ts';
import { ExactName } from './name.ts';

/** Text that is meant exactly, or by its beginning where it ends in `*`. */
export const Pattern = z.string().min(1).max(limits.labelValueChars);

const LabelName = z.string().min(1).max(limits.labelNameChars);
export const LabelPatterns = z
  .record(LabelName, Pattern)
  .refine((match) => Object.keys(match).length <= limits.labelsPerSample, `at most ${limits.labelsPerSample} labels`)
  .default({});

/** A fixed limit. `critical`: it opens an incident by itself; `warning`: it is one anomaly among others. */
export const Threshold = z
  .strictObject({
    above: z.number().optional(),
    below: z.number().optional(),
    /** For how long the limit must be passed, without a sample that keeps it. */
    forSeconds: z.number().min(0).max(86_400).default(0),
    severity: Severity.default('critical'),
  })
  .refine(({ above, below }) => above !== undefined || below !== undefined, 'must say `above` or `below`')
  .refine(({ above = Infinity, below = -Infinity }) => below < above, '`below` must be less than `above`');
export type Threshold = z.infer<typeof Threshold>;

/** Counters whose events are meant: by metric, labels they must have, labels they must not have. */
export const CounterSelector = z.strictObject({
  metric: Pattern.max(limits.metricNameChars),
  match: LabelPatterns,
  not: LabelPatterns,
});
export type CounterSelector = z.infer<typeof CounterSelector>;

const made = {
  /** The name of the series that come of it; they have the label `service`, and those of `by`. */
  name: ExactName,
  /** Only of these services (exact, or ending in `*`). */
  service: Pattern.optional(),
  /** Labels by which it is told apart within a service. */
  by: z.array(LabelName).max(5).default([]),
  /** With fewer requests in a window it is not judged. */
  minRequests: z.number().min(1).max(1e9).default(20),
};

/** The share of requests that are errors, over a sliding window. */
export const RatioSignal = z.strictObject({
  ...made,
  errors: CounterSelector,
  requests: CounterSelector,
  windowSeconds: z.number().min(30).max(86_400).default(60),
});
export type RatioSignal = z.infer<typeof RatioSignal>;

/** How fast an error budget burns, over two windows at once: the long one says that it matters, the short one that it still goes on. */
export const BurnAlert = z.strictObject({
  longMinutes: z.number().min(1).max(43_200),
  shortMinutes: z.number().min(1).max(43_200),
  /** The share of the whole budget that may be spent within the long window. */
  budget: z.number().gt(0).max(1),
  severity: Severity.default('critical'),
});

/** The Site Reliability Workbook's table: 14.4 times over 1 h and 5 min, 6 over 6 h and 30 min, once over 3 days and 6 h. */
const workbook: z.input<typeof BurnAlert>[] = [
  { longMinutes: 60, shortMinutes: 5, budget: 0.02 },
  { longMinutes: 360, shortMinutes: 30, budget: 0.05 },
  { longMinutes: 4_320, shortMinutes: 360, budget: 0.1, severity: 'warning' },
];

/** A service level objective: which share of requests must be good (`objective`), over how many days. */
export const SloSignal = z
  .strictObject({
    ...made,
    objective: z.number().gt(0).lt(1),
    windowDays: z.number().min(1).max(90).default(30),
    /** What counts against it, or what counts as good. */
    errors: CounterSelector.optional(),
    good: CounterSelector.optional(),
    requests: CounterSelector,
    alerts: z.array(BurnAlert).min(1).max(5).prefault(workbook),
  })
  .refine(({ errors, good }) => (errors === undefined) !== (good === undefined), 'must say either `errors` or `good`')
  .superRefine(({ alerts }, context) => {
    alerts.forEach(({ longMinutes, shortMinutes }, i) => {
      if (shortMinutes > longMinutes)
        context.addIssue({
          code: 'custom',
          path: ['alerts', i, 'shortMinutes'],
          message: 'must not be longer than `longMinutes`',
        });
      if (alerts.findIndex((other) => other.longMinutes === longMinutes) < i)
        context.addIssue({
          code: 'custom',
          path: ['alerts', i, 'longMinutes'],
          message: 'is the long window of another alert',
        });
    });
  });
export type SloSignal = z.infer<typeof SloSignal>;

const listOf = <T extends z.ZodType<{ name: string }>>(signal: T) =>
  z
    .array(signal)
    .max(100)
    .superRefine((signals, context) => {
      signals.forEach(({ name }, i) => {
        if (signals.findIndex((other) => other.name === name) < i)
          context.addIssue({ code: 'custom', path: [i, 'name'], message: 'is the name of another one' });
      });
    });
export const RatioSignals = listOf(RatioSignal);
export const SloSignals = listOf(SloSignal);
