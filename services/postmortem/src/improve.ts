import { successInterval } from '@nightshift/lifecycle';
import { redactText } from '@nightshift/runtime';
import { modeLimits } from '@nightshift/types';
import { eventsOf, lastDiagnosis, triedOf, type History } from './history.ts';
import { controls } from './markdown.ts';
import { approvalMs, phasesOf } from './phases.ts';
import { runbookSkeleton } from './skeleton.ts';

const minute = 60_000;

/** A phase that takes longer than this is worth a look (ms). Waiting for a person counts apart. */
export const slowMs = {
  detect: 2 * minute,
  diagnose: 30_000,
  act: 1 * minute,
  recover: 5 * minute,
  approve: 5 * minute,
};

/** So many successes make the fault itself due for a mending. */
export const mendCauseAfter = 5;

type Rule = (history: History) => string[];

/** What would make the next one shorter, or not happen. Pure; each rule says one thing or nothing. */
export function improvementsOf(history: History): string[] {
  // What comes from outside stays on the line it is on; only the proposed runbook has lines of its own.
  return [...rules.flatMap((rule) => rule(history)).map(oneLine), ...noRunbook(history)].map(redactText);
}

const when = (condition: boolean, text: () => string): string[] => (condition ? [text()] : []);

const noRunbook: Rule = (history) =>
  when(
    eventsOf(history, 'no_runbook').length > 0,
    () =>
      `No runbook matched. This one would have, in observe mode; adapt its step:\n${fence}yaml\n${runbookSkeleton(history)}${fence}`,
  );

const slowPhase: Rule = (history) => {
  const phases = phasesOf(history);
  const waited = approvalMs(history) ?? 0;
  const act = phases.diagnosedToActedMs === null ? null : Math.max(0, phases.diagnosedToActedMs - waited);
  const slow = (ms: number | null, limit: number, text: string) =>
    when(ms !== null && ms > limit, () => text.replace('#', words(ms!)));
  return [
    ...slow(
      phases.onsetToDetectedMs,
      slowMs.detect,
      'Detection took #: send the metric more often, or lower the threshold of its rule.',
    ),
    ...slow(
      phases.detectedToDiagnosedMs,
      slowMs.diagnose,
      'Diagnosis took #: look for the check that waited for its deadline.',
    ),
    ...slow(
      waited,
      slowMs.approve,
      'An approval was waited for # long: let approvers be paged, or promote the runbook.',
    ),
    ...slow(
      act,
      slowMs.act,
      'From diagnosis to the first effect it took # without the waiting for people: look at the retries and time-outs of the runbook.',
    ),
    ...slow(
      phases.actedToResolvedMs,
      slowMs.recover,
      'After the first effect it took # to recover: the remedy may not be the right one, or it acts slowly.',
    ),
  ];
};

const denied: Rule = (history) =>
  once(triedOf(history).filter((each) => each.outcome === 'denied')).map(
    (each) =>
      `A limit stopped "${each.action}" on ${each.target} (${each.detail || 'no detail'}): a remedy that is needed this often does not mend the cause.`,
  );

const failed: Rule = (history) =>
  once(triedOf(history).filter((each) => each.outcome === 'failed' || each.outcome === 'unknown')).map((each) =>
    each.outcome === 'failed'
      ? `"${each.action}" on ${each.target} failed (${each.detail || 'no detail'}): mend the step or its provider.`
      : `Nobody knows whether "${each.action}" on ${each.target} took effect: give its provider a way to be asked.`,
  );

const didNotHelp: Rule = (history) =>
  when(
    eventsOf(history, 'not_recovered').length > 0,
    () => `The remedy of "${history.incident.runbook ?? 'the runbook'}" ran and did not help: narrow what it matches.`,
  );

const observedOnly: Rule = (history) =>
  when(
    triedOf(history).some((each) => each.outcome === 'observed'),
    () =>
      `Runbook "${history.incident.runbook ?? history.runbook?.id ?? '?'}" only observed. If it would have been right, let it ask: mode approve.`,
  );

const approvalExpired: Rule = (history) =>
  when(
    eventsOf(history, 'deadline_passed').some((event) => event.state === 'awaiting_approval'),
    () => 'An approval expired unanswered: nobody saw it in time. Page the approvers, or promote the runbook.',
  );

const rejected: Rule = (history) =>
  eventsOf(history, 'rejected').map(
    (event) =>
      `${event.by} rejected the plan${event.reason ? ` ("${event.reason}")` : ''}: write the reason into what the runbook matches.`,
  );

const nobodyAcknowledged: Rule = (history) => {
  const pages = eventsOf(history, 'paged').length;
  const taken = eventsOf(history, 'acknowledged').length > 0 || history.incident.resolution === 'person';
  return when(
    pages > 0 && !taken,
    () =>
      `${pages === 1 ? 'One page was' : `${pages} pages were`} sent and nobody took the incident: check the rotation and the channels.`,
  );
};

const pageFailed: Rule = (history) =>
  once(
    eventsOf(history, 'page_failed').map((event) => ({
      action: event.channel,
      target: event.recipient,
      detail: event.detail,
    })),
  ).map(
    (each) => `A page to ${each.target} by "${each.action}" was never delivered (${each.detail}): mend the channel.`,
  );

const couldNotTell: Rule = (history) =>
  lastDiagnosis(history)
    .filter((each) => each.status === 'unknown')
    .map((each) => `${each.check} of ${each.target} could not be found out: ${each.output}`);

const promote: Rule = ({ runbook, incident }) => {
  if (!runbook || incident.resolution !== 'automated') return [];
  const proven = successInterval(runbook).low >= modeLimits.successAtLeast && runbook.failed === 0;
  return [
    ...when(
      proven && runbook.mode !== 'auto',
      () =>
        `Runbook "${runbook.id}" has worked ${runbook.succeeded} times and never failed: promote it to auto (nightshift runbooks promote).`,
    ),
    ...when(
      runbook.succeeded >= mendCauseAfter,
      () => `Runbook "${runbook.id}" has mended this ${runbook.succeeded} times: the fault itself is due.`,
    ),
  ];
};

const falsePositive: Rule = (history) => {
  const metrics = [...new Set(history.anomalies.map((each) => each.metric))];
  return when(
    history.incident.resolution === 'false_positive',
    () => `It was no incident: raise minEffect or set the harm direction of ${metrics.join(', ') || 'its metrics'}.`,
  );
};

const healedItself: Rule = ({ incident }) =>
  when(
    incident.resolution === 'self',
    () => 'It healed by itself: if that is usual, let it last longer before an incident opens.',
  );

const overdue: Rule = (history) =>
  eventsOf(history, 'deadline_passed')
    .filter(
      (event) =>
        event.state === 'open' ||
        event.state === 'diagnosing' ||
        event.state === 'deciding' ||
        event.state === 'remediating',
    )
    .map((event) => `Nothing moved it on while it was ${event.state}: look for a service that was down or behind.`);

const rules: Rule[] = [
  didNotHelp,
  failed,
  denied,
  observedOnly,
  approvalExpired,
  rejected,
  promote,
  falsePositive,
  healedItself,
  nobodyAcknowledged,
  pageFailed,
  overdue,
  couldNotTell,
  slowPhase,
];

const oneLine = (text: string) => text.replace(controls, ' ');

const fence = '```';

/** Each thing once, however often it happened. */
const once = <T extends { action: string; target: string }>(list: T[]) => [
  ...new Map(list.map((each) => [`${each.action} ${each.target}`, each])).values(),
];

const words = (ms: number) => (ms < 2 * minute ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / minute)} min`);
