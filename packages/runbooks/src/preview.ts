import type {
  CheckedCondition,
  Considered,
  Incident,
  LimitUse,
  Plan,
  PlannedAction,
  RunbookMode,
  Verification,
} from '@nightshift/types';
import { dependsInWords } from './progress.ts';
import { waitInWords } from './wait.ts';

/** What would be done for an incident if it were decided now. Nothing was changed to find out. */
export type Preview = {
  incident: Pick<Incident, 'id' | 'service' | 'title' | 'type' | 'severity' | 'state'>;
  considered: Considered[];
  proposal:
    | { kind: 'plan'; mode: RunbookMode; hash: string; plan: Plan; conditions: CheckedCondition[] }
    | { kind: 'none'; reason: string };
};

const modeWords: Record<RunbookMode, string> = {
  observe: 'it would only be said (observe), and a person paged',
  approve: 'a person would be asked (approve)',
  auto: 'it would be done without asking (auto)',
};

/** A preview as lines for a terminal: the plan as a diff, and why the others were not chosen. */
export function previewInWords({ incident, considered, proposal }: Preview): string[] {
  const head = `${incident.id}  ${incident.title} (${incident.type}, ${incident.severity}, ${incident.state})`;
  const others = considered.map(({ runbook, reason }) => `  ${runbook}: ${reason}`);
  return [
    head,
    ...(proposal.kind === 'none'
      ? [`no plan: ${proposal.reason}`]
      : [
          ...planInWords(proposal.plan, proposal.hash),
          `mode: ${modeWords[proposal.mode]}`,
          ...conditionsInWords(proposal.conditions),
        ]),
    ...(others.length > 0 ? ['not chosen:', ...others] : []),
    'Nothing was changed.',
  ];
}

/** Conditions with a mark each, for a terminal. */
export function conditionsInWords(conditions: CheckedCondition[]): string[] {
  return [
    'why:',
    ...conditions.map(({ condition, actual, holds }) => `  ${holds ? 'yes' : 'NO '}  ${condition} (${actual})`),
  ];
}

/** A plan as a diff for a terminal: what each step changes, on which condition, what it takes from the limits, how to undo it. */
export function planInWords(plan: Plan, hash: string): string[] {
  const { blastRadius: radius } = plan;
  return [
    `plan ${hash.slice(0, 12)} by runbook ${plan.runbook} (version ${plan.runbookHash})`,
    ...plan.actions.flatMap((action) =>
      stepInWords(
        action,
        (plan.limits ?? []).filter(({ step }) => step === action.step),
      ),
    ),
    ...(plan.omitted ?? []).map(({ step, reason }) => `left out: step ${step}: ${reason}`),
    ...(plan.verify ? [`recovered only after: ${verifyInWords(plan.verify)}`] : []),
    ...(radius
      ? [
          `touches: ${radius.touches.join(', ')}`,
          `felt by: ${radius.felt.map(({ service, through, criticality }) => `${service} (${criticality}, through ${through})`).join(', ') || 'nobody else in the catalogue'}`,
        ]
      : []),
  ];
}

function stepInWords(action: PlannedAction, limits: LimitUse[]): string[] {
  const { step, summary, provider, type, target, timeoutMs, maxRetries, undo } = action;
  const change = changeOf(action);
  const depends = dependsInWords(action);
  return [
    `${step + 1}. ${summary}${depends ? ` (only ${depends})` : ''}`,
    ...(action.waitUntil ? [`   wait: ${waitInWords(action.waitUntil)}`] : []),
    ...(change ? [`   - ${change.what} ${change.from}`, `   + ${change.what} ${change.to}`] : []),
    `   call: ${provider}.${type}(${[target, pairs(action.params)].filter(Boolean).join(', ')}), ${timeoutMs / 1_000} s, ${maxRetries} retries`,
    ...(pairs(action.precondition) ? [`   only if: ${pairs(action.precondition)}`] : []),
    ...limits.map(
      ({ limit, scope, used, takes, max, windowMs }) =>
        `   limit ${limit} (${scope}): ${used} -> ${used + takes} of ${max}${windowMs === null ? '' : ` in ${windowMs / 60_000} min`}${used + takes > max ? '  WOULD BE DENIED' : `, ${max - used - takes} left`}`,
    ),
    `   undo: ${undo}`,
  ];
}

const verifyInWords = ({ holdSeconds, minSamples }: Verification) =>
  [holdSeconds && `${holdSeconds} s in the band`, minSamples && `${minSamples} samples`].filter(Boolean).join(', ');

/** What a call changes, where its plan says it exactly. */
function changeOf({ type, params, precondition }: PlannedAction): { what: string; from: string; to: string } | null {
  const of = (what: string, from: unknown, to: unknown) => ({ what, from: String(from), to: String(to) });
  if (type === 'rollback_deploy') return of('version', params['from'], params['to']);
  if (type === 'scale_up') return of('instances', precondition['replicas'], params['replicas']);
  if (type === 'restart_service' && precondition['instance'] !== undefined)
    return of('instance', precondition['instance'], 'a new one of the same version');
  return null;
}

const pairs = (values: Record<string, unknown>) =>
  Object.entries(values)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(', ');
