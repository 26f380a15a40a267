import { attemptLimits, flapLimits, stateDeadlinesMs, type Incident } from '@nightshift/types';

/**
 * For how long a resolved incident may be reopened: twice as long each time it has come back, so that what comes and goes ever more
 * slowly stays one incident.
 */
export const reopenWindowMs = ({ reopens }: Pick<Incident, 'reopens'>): number =>
  Math.min(flapLimits.withinMs, stateDeadlinesMs.resolved * 2 ** reopens);

/**
 * How long an incident must be calm to count as recovered, of `holdMs` as a rule asks. One that has come back more often than automation
 * may try waits for a person: it must be calm twice as long each further time. Where nobody waits for it, as while a remedy is proved, nothing changes.
 */
export function calmForMs({ state, reopens }: Pick<Incident, 'state' | 'reopens'>, holdMs: number): number {
  const flaps = reopens - attemptLimits.reopens;
  if (state !== 'escalated' || flaps <= 0) return holdMs;
  return Math.max(holdMs, Math.min(flapLimits.longestHoldMs, holdMs * 2 ** flaps));
}
