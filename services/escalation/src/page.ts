import { redactText } from '@nightshift/runtime';
import type { CheckStatus, Facts, Incident, Page, TimelineEntry } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';

/** What a page is written from. Whatever could not be read is empty: a thin page is better than none. */
export type Material = {
  incident: Incident;
  /** Now (epoch ms, database clock). */
  at: number;
  anomalies: { metric: string; value: number; expected: number; severity: string }[];
  diagnostics: { check: string; target: string; status: CheckStatus; facts: Facts; output: string }[];
  actions: { type: string; target: string; state: string; summary: string; detail: string | null }[];
  timeline: TimelineEntry[];
};

export type Links = { incidentUrl: string; acknowledgeUrl: string };

const textChars = 300;
const listed = 10;

/** Writes the page: what broke, since when, why a person, what is suspect, what was found and tried, and the one next step. Pure. */
export function writePage(material: Material, links: Links): Page {
  const { incident } = material;
  return {
    incidentId: incident.id,
    service: incident.service,
    severity: incident.severity,
    headline: headlineOf(material),
    since: incident.onsetAt,
    reason: safe(reasonOf(material)),
    suspectChange: suspectOf(material) ?? suspectService(material),
    findings: findingsOf(material)
      .slice(0, listed)
      .map(({ check, target, status, output }) => ({ check, target: safe(target), status, summary: safe(output) })),
    tried: triedOf(material).slice(0, listed),
    nextStep: safe(nextStepOf(material)),
    ...links,
  };
}

function headlineOf({ incident, anomalies, at }: Material): string {
  const [worst, ...others] = [...anomalies].sort(
    (a, b) => Number(b.severity === 'critical') - Number(a.severity === 'critical'),
  );
  const signal = worst
    ? `: ${signalName(worst.metric)} is ${figure(worst.value)} where ${figure(worst.expected)} is normal`
    : '';
  const more = others.length > 0 ? ` (and ${others.length} more signal${others.length > 1 ? 's' : ''})` : '';
  return `${safe(`${incident.title}${signal}${more}`)}, since ${clockTime(incident.onsetAt)} UTC (${duration(at - incident.onsetAt)}).`;
}

/** Why automation hands over: the last event that made the incident a person's. */
function reasonOf({ timeline }: Material): string {
  const last = timeline.findLast(
    ({ to, event }) => to === 'escalated' || (event.kind === 'deadline_passed' && event.state === 'escalated'),
  );
  switch (last?.event.kind) {
    case 'no_runbook':
      return `no runbook fits: ${last.event.reason}`;
    case 'rejected':
      return `${last.event.by} rejected the proposed action${last.event.reason ? `: ${last.event.reason}` : ''}`;
    case 'remedy_failed':
      return `${remedyWords[last.event.outcome]}: ${last.event.detail}`;
    case 'not_recovered':
      return `the remedy ran, and the service did not recover: ${last.event.detail}`;
    case 'reopened':
      return `it came back after every fix: ${last.event.reason}`;
    case 'deadline_passed':
      return overdueWords[last.event.state] ?? `nothing happened in time while it was ${last.event.state}`;
    default:
      return 'automation could not end it';
  }
}

const remedyWords = {
  failed: 'the remedy failed',
  denied: 'a safety limit stopped the remedy',
  unknown: 'nobody knows whether the remedy took effect',
  observed: 'the runbook may only observe',
};

const overdueWords: Record<string, string> = {
  awaiting_approval: 'nobody approved the proposed action in time',
  verifying: 'the service could not be shown to have recovered in time',
  remediating: 'the remedy did not end in time',
  escalated: 'nobody has taken it yet',
};

const findingsOf = ({ diagnostics }: Material) =>
  [...diagnostics].filter((each) => each.status !== 'ok').sort((a, b) => rank[b.status] - rank[a.status]);
const rank: Record<CheckStatus, number> = { down: 3, degraded: 2, unknown: 1, ok: 0 };

/** The deployment that the diagnosis suspects, in words. */
function suspectOf({ diagnostics, incident }: Material): string | null {
  const facts = diagnostics.find((each) => each.check === 'recent_deployments')?.facts;
  if (!facts || typeof facts['suspectVersion'] !== 'string') return null;
  const before = facts['suspectPreviousVersion'];
  const minutes = facts['suspectMinutesBeforeOnset'];
  return safe(
    `${incident.service} ${facts['suspectVersion']}` +
      (typeof minutes === 'number' ? `, deployed ${minutes} min before it began` : '') +
      (typeof before === 'string' ? ` (before it: ${before})` : ''),
  );
}

/** The service that the detector suspects most, where it is another one. */
function suspectService({ timeline, incident }: Material): string | null {
  const named = timeline.map(({ event }) => event).findLast((event) => event.kind === 'suspects');
  const [first] = named?.suspects ?? [];
  if (!first || first.service === incident.service) return null;
  const own = first.incidentId === undefined ? '' : `, whose incident ${first.incidentId} is open`;
  return safe(`${first.service}${own}: ${first.reasons.join(', ')}`);
}

const stateWords: Record<string, string> = {
  dispatching: 'still running',
  unknown: 'nobody knows whether it took effect',
  denied: 'denied by a limit',
};

function triedOf({ actions, timeline }: Material): Page['tried'] {
  const done = actions
    .filter((action) => action.state !== 'planned' && action.state !== 'cancelled')
    .map((action) => ({
      action: safe(action.summary || action.type),
      target: safe(action.target),
      outcome: stateWords[action.state] ?? action.state,
      detail: safe(action.detail ?? ''),
    }));
  // What a runbook in observe mode would have done is in the timeline alone.
  const observed = timeline.flatMap(({ event }) =>
    event.kind === 'action_finished' && event.outcome === 'observed'
      ? [
          {
            action: safe(event.type),
            target: safe(event.target),
            outcome: 'only observed, not done',
            detail: safe(event.detail),
          },
        ]
      : [],
  );
  return [...done, ...observed];
}

/** One thing to do, chosen from what is known: first what may be half done, then what was refused, then what looks broken. */
function nextStepOf(material: Material): string {
  const { actions, incident } = material;
  const last = (state: string) => actions.findLast((action) => action.state === state);
  const [unsure, failed, denied, worked] = [
    last('unknown') ?? last('dispatching'),
    last('failed'),
    last('denied'),
    last('succeeded'),
  ];
  const suspect = suspectOf(material);
  const [finding] = findingsOf(material);
  if (unsure)
    return `Find out whether "${unsure.summary}" took effect on ${unsure.target}; do not repeat it before you know.`;
  if (failed)
    return `"${failed.summary}" failed (${failed.detail ?? 'no detail'}): find out why, then do it by hand if it is still right.`;
  if (denied)
    return `A limit stopped "${denied.summary}" (${denied.detail ?? 'no detail'}): look for the cause before anything is done again.`;
  if (worked && finding) return `"${worked.summary}" did not help. Look at ${finding.target}: ${finding.output}`;
  if (worked)
    return `"${worked.summary}" did not help and no check finds a fault: look at what changed around ${clockTime(incident.onsetAt)} UTC.`;
  const proposed = proposalOf(material);
  if (proposed) return `If you agree, do what was proposed: ${proposed}`;
  if (suspect) return `Decide whether to roll back the suspect change: ${suspect}.`;
  const elsewhere = suspectService(material);
  if (elsewhere) return `Look at ${elsewhere}`;
  if (finding) return `Look at ${finding.target} (${finding.check} is ${finding.status}): ${finding.output}`;
  return `No check finds a fault: look at the charts of ${incident.service} and at what changed around ${clockTime(incident.onsetAt)} UTC.`;
}

/** What a plan or an observing runbook would have done. */
function proposalOf({ timeline }: Material): string | null {
  const event = timeline.findLast(
    ({ event: { kind } }) => kind === 'approval_requested' || kind === 'runbook_chosen',
  )?.event;
  return event?.kind === 'approval_requested' || event?.kind === 'runbook_chosen' ? event.summary : null;
}

/** Redacted, on one line, bounded: what a page shows may come from anywhere. */
function safe(text: string): string {
  // eslint-disable-next-line no-control-regex
  const line = redactText(text)
    .replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ')
    .trim();
  return line.length <= textChars ? line : `${line.slice(0, textChars - 1)}…`;
}

/** Three significant digits; what is no finite number is said in words, never as null. */
function figure(value: number): string {
  if (Number.isNaN(value)) return 'not a number';
  if (!Number.isFinite(value)) return value > 0 ? 'infinite' : 'minus infinite';
  return String(Number(value.toPrecision(3)));
}

const clockTime = (at: number) => new Date(at).toISOString().slice(11, 16);

function duration(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return 'under a minute';
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
