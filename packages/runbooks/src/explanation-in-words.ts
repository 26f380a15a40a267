import type { Classified } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';
import type { Decision, Explanation } from './explanation.ts';
import { conditionsInWords, planInWords } from './preview.ts';

const verdicts: Record<Decision['verdict'], string> = {
  acted: 'acted without asking',
  asked: 'asked a person',
  observed: 'only said what it would do, and paged',
  denied: 'fits, but cannot be done; paged',
  none: 'no runbook; paged',
};

/** An explanation as lines for a terminal: evidence, what it was taken for, each decision with its reasons, what was done. */
export function explanationInWords({
  incident,
  signals,
  diagnostics,
  classification,
  decisions,
  actions,
}: Explanation): string[] {
  const { id, title, service, type, severity, state, resolution } = incident;
  return [
    `${id}  ${title}`,
    `${service}: ${type}, ${severity}; ${state}${resolution ? ` (${resolution})` : ''}`,
    ...section('Evidence', signals.map(signalInWords)),
    ...section(
      'Diagnostics',
      diagnostics.map(
        ({ check, target, status, output }) => `${status.padEnd(8)} ${check} ${target}: ${firstLine(output)}`,
      ),
    ),
    ...section('Classification', classification.map(classifiedInWords)),
    ...decisions.flatMap(decisionInWords),
    ...section(
      'Actions',
      actions.map(
        ({ summary, state: end, attempts, detail }) =>
          `${end.padEnd(11)} ${summary}${attempts > 1 ? ` (${attempts} attempts)` : ''}${detail ? `: ${firstLine(detail)}` : ''}`,
      ),
    ),
  ];
}

/** What an incident is taken for, by which rule and conditions. */
export const classifiedInWords = ({ type, rule, conditions }: Classified) =>
  rule === null
    ? `${type}: no rule fits`
    : `${type} by rule ${rule}: ${conditions.map(({ condition, actual }) => `${condition} (${actual})`).join(', ')}`;

const section = (title: string, lines: string[]) =>
  lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];

const figure = (value: number) => String(Number(value.toPrecision(3)));
const firstLine = (text: string) => text.split('\n', 1)[0]!.slice(0, 200);

function signalInWords({
  metric,
  labels,
  value,
  low,
  high,
  severity,
  direction,
}: Explanation['signals'][number]): string {
  const of = Object.entries(labels)
    .map(([name, text]) => `${name}=${text}`)
    .join(',');
  return `${severity.padEnd(8)} ${signalName(metric)}{${of}} ${direction === 'up' ? 'rose' : 'fell'} to ${figure(value)}, normal is ${figure(low)} to ${figure(high)}`;
}

function decisionInWords({ at, verdict, runbook, reason, conditions, considered, plan, planHash }: Decision): string[] {
  return section(`Decision at ${new Date(at).toISOString()}: ${runbook ? `${runbook}, ` : ''}${verdicts[verdict]}`, [
    ...(plan ? planInWords(plan, planHash!) : [reason]),
    ...(conditions.length > 0 ? conditionsInWords(conditions) : []),
    ...(considered.length > 0 ? ['not chosen:', ...considered.map((each) => `  ${each.runbook}: ${each.reason}`)] : []),
  ]);
}
