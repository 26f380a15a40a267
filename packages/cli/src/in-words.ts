import type { IncidentEvent } from '@nightshift/types';

const short = (value: number) => String(Number(value.toPrecision(3)));

/** One line for people of an event of the timeline. */
export function inWords(event: IncidentEvent, to: string | null): string {
  const state = to ? ` -> ${to}` : '';
  switch (event.kind) {
    case 'opened':
      return `incident opened: ${event.reason} (${event.anomalies.map((each) => `${each.metric} ${short(each.value)} instead of ${short(each.expected)}`).join(', ')})${takenFor(event)}`;
    case 'anomaly_joined':
      return `${event.metric}${event.service === undefined ? '' : ` of ${event.service}`} joined: ${short(event.value)} instead of ${short(event.expected)}${takenFor(event)}`;
    case 'suspects':
      return `suspected: ${event.suspects.map(({ service, reasons }) => `${service} (${reasons.join(', ')})`).join('; ')}`;
    case 'diagnosed':
      return `diagnosed: ${event.results.map((result) => `${result.check} ${result.status}`).join(', ')}${state}`;
    case 'rechecked':
      return `looked again: ${
        event.changes
          .map(({ check, fact, before, after }) => `${check} ${fact} ${before} -> ${after}`)
          .slice(0, 5)
          .join(', ') || 'nothing changed'
      }`;
    case 'runbook_chosen':
    case 'approval_requested':
      return `runbook ${event.runbook}: ${event.summary}${state}`;
    case 'no_runbook':
      return `no runbook: ${event.reason}${state}`;
    case 'action_started':
      return `acting: ${event.summary}${state}`;
    case 'action_finished':
      return `${event.type} ${event.outcome}: ${event.detail}`;
    case 'classified':
      return `taken for ${event.type}, no longer ${event.was} (rule ${event.rule})`;
    case 'look_wanted':
      return `looking again: ${event.detail}`;
    case 'recovered':
    case 'not_recovered':
    case 'remediated':
    case 'remedy_failed':
      return `${event.kind.replace('_', ' ')}: ${event.detail}${state}`;
    case 'paged':
      return `paged ${event.recipient} through ${event.channel}`;
    case 'page_failed':
      return `page to ${event.recipient} through ${event.channel} failed: ${event.detail}`;
    case 'reopened':
      return `incident opened again: ${event.reason}${takenFor(event)}${state}`;
    case 'note':
      return `${event.by}: ${event.text}`;
    case 'approved':
    case 'rejected':
    case 'acknowledged':
    case 'resolved_by_person':
    case 'marked_false_positive':
      return `${event.kind.replaceAll('_', ' ')} by ${event.by}${state}`;
    case 'deadline_passed':
      return `too long in ${event.state}${state}`;
    case 'postmortem_written':
      return 'postmortem written';
  }
}

/** What an event says that the incident is, and by which rule. */
const takenFor = ({ type, rule }: { type?: string | undefined; rule?: string | null | undefined }) =>
  rule ? `; taken for ${type} (rule ${rule})` : '';
