import type { IncidentEvent } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';
import { figure, moment } from './markdown.ts';

/** One event of a timeline in words. Plain text: whoever shows it escapes it. */
export function inWords(event: IncidentEvent): string {
  switch (event.kind) {
    case 'opened':
      return `incident opened: ${event.reason}${takenFor(event)}`;
    case 'anomaly_joined':
      return `${signalName(event.metric)}${event.service === undefined ? '' : ` of ${event.service}`} joined: ${figure(event.value)} where ${figure(event.expected)} is normal (${event.severity})${takenFor(event)}`;
    case 'suspects':
      return `suspected: ${event.suspects.map(({ service, reasons }) => `${service} (${reasons.join(', ')})`).join('; ')}`;
    case 'reopened':
      return `reopened: ${event.reason}${takenFor(event)}`;
    case 'diagnosed':
      return `diagnosed: ${
        event.results
          .filter(({ status }) => status !== 'ok')
          .map(({ check, target, status }) => `${check} of ${target} ${status}`)
          .join(', ') || 'every check ok'
      }`;
    case 'rechecked':
      return `looked again after the action: ${
        event.changes
          .map(({ check, target, fact, before, after }) => `${check} of ${target}: ${fact} ${before} -> ${after}`)
          .slice(0, 10)
          .join(', ') || 'nothing is different'
      }`;
    case 'runbook_chosen':
      return `runbook ${event.runbook} chosen: ${event.summary}`;
    case 'approval_requested':
      return `approval asked for ${event.runbook} until ${moment(event.expiresAt)}: ${event.summary}`;
    case 'no_runbook':
      return `no runbook: ${event.reason}`;
    case 'approved':
      return `approved by ${event.by}`;
    case 'rejected':
      return `rejected by ${event.by}${event.reason ? `: ${event.reason}` : ''}`;
    case 'action_started':
      return `started (attempt ${event.attempt}): ${event.summary}`;
    case 'action_finished':
      return `${event.type} on ${event.target} ${event.outcome}${event.detail ? `: ${event.detail}` : ''}`;
    case 'classified':
      return `taken for ${event.type}, no longer ${event.was} (rule ${event.rule})`;
    case 'look_wanted':
      return `looked again: ${event.detail}`;
    case 'remediated':
      return `remedy complete${event.detail ? `: ${event.detail}` : ''}`;
    case 'remedy_failed':
      return `remedy ${event.outcome}${event.detail ? `: ${event.detail}` : ''}`;
    case 'recovered':
      return `recovered, shown by ${event.freshSamples} fresh samples${event.detail ? `: ${event.detail}` : ''}`;
    case 'not_recovered':
      return `not recovered: ${event.detail}`;
    case 'deadline_passed':
      return `deadline passed while ${event.state}`;
    case 'paged':
      return `paged ${event.recipient} by ${event.channel} (level ${event.level})`;
    case 'page_failed':
      return `page to ${event.recipient} by ${event.channel} failed: ${event.detail}`;
    case 'acknowledged':
      return `acknowledged by ${event.by}`;
    case 'resolved_by_person':
      return `resolved by ${event.by}${event.reason ? `: ${event.reason}` : ''}`;
    case 'marked_false_positive':
      return `marked as no incident by ${event.by}${event.reason ? `: ${event.reason}` : ''}`;
    case 'postmortem_written':
      return `postmortem written: ${event.summary}`;
    case 'note':
      return `${event.by}: ${event.text}`;
  }
}

/** What an event says that the incident is, and by which rule. */
const takenFor = ({ type, rule }: { type?: string | undefined; rule?: string | null | undefined }) =>
  rule ? `; taken for ${type} (rule ${rule})` : '';
