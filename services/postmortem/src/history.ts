import type { CheckStatus, Facts, Incident, Plan, TimelineEntry } from '@nightshift/types';

/** All there is to know of an incident, as it was recorded while it happened. A postmortem is made from this and nothing else. */
export type History = {
  incident: Incident;
  /** Oldest first. */
  timeline: TimelineEntry[];
  /** Of every diagnosis, the latest last. */
  diagnostics: {
    generation: number;
    check: string;
    target: string;
    status: CheckStatus;
    facts: Facts;
    output: string;
  }[];
  actions: { id: string; type: string; target: string; state: string; summary: string; detail: string | null }[];
  /** The plans that were made, the newest last, as they were shown and signed. */
  plans?: { hash: string; plan: Plan }[];
  anomalies: Signal[];
  /** Of the incident's service, from an hour before its onset to its end, newest first. */
  deployments: { version: string; previousVersion: string | null; deployedAt: number; by: string | null }[];
  /** The runbook as it was when it was used, and how its earlier uses went. */
  runbook: { id: string; mode: string; succeeded: number; failed: number } | null;
};

export type Signal = {
  metric: string;
  labels: Record<string, string>;
  value: number;
  expected: number;
  low: number;
  high: number;
  severity: string;
  startedAt: number;
};

type Kind = TimelineEntry['event']['kind'];
type EventOf<K extends Kind> = Extract<TimelineEntry['event'], { kind: K }>;

/** The events of one kind, oldest first. */
export function eventsOf<K extends Kind>(history: History, kind: K): EventOf<K>[] {
  return history.timeline.flatMap(({ event }) => (event.kind === kind ? [event as EventOf<K>] : []));
}

/** The diagnostics of the last diagnosis; those taken again after an action tell of the remedy, not of the trouble. */
export function lastDiagnosis(history: History): History['diagnostics'] {
  const again = new Set(eventsOf(history, 'rechecked').map((event) => event.generation));
  const diagnoses = history.diagnostics.filter((each) => !again.has(each.generation));
  const last = Math.max(...diagnoses.map((each) => each.generation));
  return diagnoses.filter((each) => each.generation === last);
}

/** What was done to the service, or would have been, and what came of it. */
export function triedOf(history: History): { action: string; target: string; outcome: string; detail: string }[] {
  const ledger = history.actions
    .filter((action) => action.state !== 'planned' && action.state !== 'cancelled')
    .map(({ summary, target, state, detail }) => ({ action: summary, target, outcome: state, detail: detail ?? '' }));
  const known = new Set(history.actions.map((action) => action.id));
  // What a runbook in observe mode would have done stands in the timeline alone.
  const others = eventsOf(history, 'action_finished')
    .filter((event) => !known.has(event.actionId))
    .map(({ type, target, outcome, detail }) => ({ action: type, target, outcome, detail }));
  return [...ledger, ...others];
}

/** The deployment that the last diagnosis suspects, in words. */
export function suspectChangeOf(history: History): string | null {
  const facts = lastDiagnosis(history).find((each) => each.check === 'recent_deployments')?.facts;
  const version = facts?.['suspectVersion'];
  if (!facts || typeof version !== 'string') return null;
  const [before, minutes] = [facts['suspectPreviousVersion'], facts['suspectMinutesBeforeOnset']];
  const by = history.deployments.find((each) => each.version === version)?.by;
  return (
    `${history.incident.service} ${version}` +
    (typeof before === 'string' ? ` (before it: ${before})` : '') +
    (typeof minutes === 'number' ? `, deployed ${minutes} min before the onset` : '') +
    (by ? ` by ${by}` : '')
  );
}
