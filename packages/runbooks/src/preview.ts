import type {
  CheckedCondition,
  Considered,
  Incident,
  LimitUse,
  Plan,
  PlannedAction,
  RunbookMode,
} from '@nightshift/types';
import {
  callInWords,
  changeOf,
  dependsInWords,
  limitInWords,
  pairsInWords,
  verifyInWords,
  waitInWords,
} from './plan-words.ts';

/** What would be done for an incident if it were decided now. Nothing was changed to find out. */
export type Preview = {
  incident: Pick<Incident, 'id' | 'service' | 'title' | 'type' | 'severity' | 'state'>;
  considered: Considered[];
  proposal:
    | { kind: 'plan'; mode: RunbookMode; hash: string; plan: Plan; conditions: CheckedCondition[] }
    /** It is decided already: the plan that people are asked for, or that is being carried out. */
    | { kind: 'standing'; verdict: 'asked' | 'acted'; hash: string; plan: Plan; conditions: CheckedCondition[] }
    | { kind: 'none'; reason: string };
};

const modeWords: Record<RunbookMode, string> = {
  observe: 'it would only be said (observe), and a person paged',
  approve: 'a person would be asked (approve)',
  auto: 'it would be done without asking (auto)',
};

const standingWords = {
  asked: 'decided: this is the plan that people are asked to approve, or have approved',
  acted: 'decided: this is the plan that is carried out, without asking',
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
          proposal.kind === 'standing' ? standingWords[proposal.verdict] : `mode: ${modeWords[proposal.mode]}`,
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
  const { step, summary, timeoutMs, maxRetries, precondition, undo } = action;
  const change = changeOf(action);
  const depends = dependsInWords(action);
  return [
    `${step + 1}. ${summary}${depends ? ` (only ${depends})` : ''}`,
    ...(action.waitUntil ? [`   wait: ${waitInWords(action.waitUntil)}`] : []),
    ...(change ? [`   - ${change.what} ${change.from}`, `   + ${change.what} ${change.to}`] : []),
    `   call: ${callInWords(action)}, ${timeoutMs / 1_000} s, ${maxRetries} retries`,
    ...(pairsInWords(precondition) ? [`   only if: ${pairsInWords(precondition)}`] : []),
    ...limits.map((limit) => `   limit ${limitInWords(limit)}`),
    `   undo: ${undo}`,
  ];
}
