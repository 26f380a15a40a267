import { z } from 'zod';

/** Why a breach opened no incident of its own. */
export const WhyNot = z.enum([
  /** Judged by too few samples, or on no side that is harm, or by less than the rule's floor, or no further than it usually goes, or not for long enough. */
  'learning',
  'direction',
  'below_floor',
  'usual',
  'duration',
  /** Not judged: its detector has as many series as its memory may hold. */
  'memory_limit',
  /** Not enough, taken together. */
  'below_evidence',
  /** It belongs to the open incident of its service, or to that of a service it depends on. */
  'joined',
  'dependant',
  /** In maintenance, or silenced by a person. */
  'silenced',
  /** A person has just ended the incident about it, or called it a false positive. */
  'cooldown',
  'false_positive',
]);
export type WhyNot = z.infer<typeof WhyNot>;
