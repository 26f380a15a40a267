/** The parts of a plan in words: the terminal, the page that an approver reads and the postmortem use the same. Pure, and imports types alone. */
import type { LimitUse, PlannedAction, PlannedWait, StepEnd, Verification } from '@nightshift/types';

/** In words, on what earlier steps a step depends; empty where on none. */
export function dependsInWords({ insteadOf, when = [] }: Pick<PlannedAction, 'insteadOf' | 'when'>): string {
  const ends: Record<StepEnd, string> = { succeeded: 'succeeded', failed: 'failed', skipped: 'was skipped' };
  const parts = [
    ...(insteadOf === undefined ? [] : [`step ${insteadOf + 1} fails`]),
    ...when.map(({ step, is }) => `step ${step + 1} ${ends[is]}`),
  ];
  return parts.length === 0 ? '' : `if ${parts.join(' and ')}`;
}

export function waitInWords(wait: PlannedWait): string {
  if ('afterMs' in wait) return `${wait.afterMs / 1_000} s after the step before`;
  return `when ${wait.check}.${wait.fact} ${wait.op} ${wait.value}, within ${wait.withinMs / 1_000} s`;
}

/** The exact call: who is asked to do what to which target. */
export const callInWords = ({ provider, type, target, params }: PlannedAction): string =>
  `${provider}.${type}(${[target, pairsInWords(params)].filter(Boolean).join(', ')})`;

/** Of a limit: what was used when the plan was made, what it is then, and what is left. */
export function limitInWords({ limit, scope, used, takes, max, windowMs }: LimitUse): string {
  const left = exceeds({ used, takes, max }) ? '  WOULD BE DENIED' : `, ${max - used - takes} left`;
  return `${limit} (${scope}): ${used} -> ${used + takes} of ${max}${windowMs === null ? '' : ` in ${windowMs / 60_000} min`}${left}`;
}

export const exceeds = ({ used, takes, max }: Pick<LimitUse, 'used' | 'takes' | 'max'>): boolean => used + takes > max;

export const verifyInWords = ({ holdSeconds, minSamples }: Verification): string =>
  [holdSeconds && `${holdSeconds} s in the band`, minSamples && `${minSamples} samples`].filter(Boolean).join(', ');

/** What a call changes, where its plan says it exactly. */
export function changeOf({
  type,
  params,
  precondition,
}: PlannedAction): { what: string; from: string; to: string } | null {
  const of = (what: string, from: unknown, to: unknown) => ({ what, from: String(from), to: String(to) });
  if (type === 'rollback_deploy') return of('version', params['from'], params['to']);
  if (type === 'scale_up') return of('instances', precondition['replicas'], params['replicas']);
  if (type === 'restart_service' && precondition['instance'] !== undefined)
    return of('instance', precondition['instance'], 'a new one of the same version');
  return null;
}

/** Names and values, in the order of the names. */
export const pairsInWords = (values: Record<string, unknown>): string =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(', ');
