import type { IncidentEvent, TimelineEntry } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';
import { figure, plural } from './format.ts';
import { plain, type Tone } from './words.ts';

/** One line of the timeline, in words. `key`: shown without asking for everything. */
export type Moment = { seq: number; at: number; actor: string; text: string; detail: string; tone: Tone; key: boolean };

type Said = { text: string; detail?: string; tone?: Tone; key?: boolean };
type Opened = Extract<IncidentEvent, { kind: 'opened' }>;
type Words = { [K in IncidentEvent['kind']]: (event: Extract<IncidentEvent, { kind: K }>) => Said };

const outcomeTones: Record<string, Tone> = {
  succeeded: 'good',
  failed: 'bad',
  denied: 'note',
  unknown: 'bad',
  observed: 'calm',
};

/** What an event says that the incident is, and why. */
function takenFor({ type, rule, conditions = [] }: Pick<Opened, 'type' | 'rule' | 'conditions'>): string {
  if (type === undefined || rule === undefined) return '';
  const why =
    rule === null ? 'no rule fits' : `rule ${rule}: ${conditions.map(({ condition }) => condition).join(', ')}`;
  return `; taken for ${plain(type)} (${why})`;
}

const words: Words = {
  opened: ({ reason, anomalies, ...seen }) => ({
    text: 'Detected',
    detail: `${reason}: ${anomalies.map(({ metric, value, expected }) => `${signalName(metric)} ${figure(value)} (expected ${figure(expected)})`).join(', ')}${takenFor(seen)}`,
    tone: 'bad',
  }),
  anomaly_joined: ({ service, metric, value, expected, severity, ...seen }) => ({
    text: `${signalName(metric)}${service === undefined ? '' : ` of ${service}`} joined`,
    detail: `${figure(value)} where ${figure(expected)} is expected, ${severity}${takenFor(seen)}`,
    tone: 'note',
    key: false,
  }),
  suspects: ({ suspects }) => ({
    text: `Suspected: ${suspects[0]?.service ?? 'nobody'}`,
    detail: suspects.map(({ service, reasons }) => `${service}: ${reasons.join(', ')}`).join('; '),
    tone: 'auto',
  }),
  reopened: ({ reason, ...seen }) => ({ text: 'Came back', detail: `${reason}${takenFor(seen)}`, tone: 'bad' }),
  diagnosed: ({ results }) => {
    const trouble = results.filter(({ status }) => status !== 'ok');
    const detail = trouble.map(({ check, target, status }) => `${plain(check)} of ${target}: ${status}`).join(', ');
    return { text: `Diagnosed: ${plural(results.length, 'check')}`, detail: detail || 'nothing found', tone: 'auto' };
  },
  rechecked: ({ results, changes }) => ({
    text: `Looked again: ${changes.length === 0 ? 'nothing is different' : plural(changes.length, 'fact')}${changes.length === 0 ? '' : ' different'}`,
    detail: changes
      .map(({ check, target, fact, before, after }) => `${plain(check)} of ${target}: ${fact} ${before} → ${after}`)
      .join(', '),
    tone: results.every(({ status }) => status === 'ok') ? 'good' : 'auto',
  }),
  runbook_chosen: ({ runbook, summary }) => ({ text: `Runbook ${runbook} chosen`, detail: summary, tone: 'auto' }),
  approval_requested: ({ runbook, summary }) => ({
    text: `Approval asked for ${runbook}`,
    detail: summary,
    tone: 'note',
  }),
  no_runbook: ({ reason, considered }) => ({
    text: 'No runbook fits',
    detail: [reason, ...considered.map((each) => `${each.runbook}: ${each.reason}`)].join('; '),
    tone: 'note',
  }),
  approved: ({ by }) => ({ text: `Approved by ${by}`, tone: 'good' }),
  rejected: ({ by, reason }) => ({ text: `Denied by ${by}`, detail: reason, tone: 'note' }),
  classified: ({ was, type, rule, conditions }) => ({
    text: `Taken for ${plain(type)}, no longer ${plain(was)}`,
    detail: `rule ${rule}: ${conditions.map(({ condition }) => condition).join(', ')}`,
    tone: 'auto',
  }),
  look_wanted: ({ detail }) => ({ text: 'Looking again', detail, tone: 'auto', key: false }),
  action_started: ({ summary, attempt }) => ({
    text: `Started: ${summary}`,
    detail: attempt > 1 ? `attempt ${attempt}` : '',
    tone: 'auto',
    key: false,
  }),
  action_finished: ({ type, target, outcome, detail }) => ({
    text: `${plain(type)} of ${target}: ${outcome}`,
    detail,
    tone: outcomeTones[outcome] ?? 'calm',
  }),
  remediated: ({ detail }) => ({ text: 'Remedy applied', detail, tone: 'auto', key: false }),
  remedy_failed: ({ outcome, detail }) => ({ text: `Remedy ${outcome}`, detail, tone: 'bad' }),
  recovered: ({ detail, freshSamples }) => ({
    text: 'Recovery proven',
    detail: `${detail} (${plural(freshSamples, 'fresh sample')})`,
    tone: 'good',
  }),
  not_recovered: ({ detail }) => ({ text: 'Did not recover', detail, tone: 'bad' }),
  deadline_passed: ({ state }) => ({
    text: `Out of time while ${plain(state)}`,
    tone: 'note',
    key: state !== 'resolved',
  }),
  paged: ({ recipient, channel, level, detail }) => ({
    text: `Paged ${recipient}`,
    detail: `${channel}, level ${level + 1}${detail ? `: ${detail}` : ''}`,
    tone: 'bad',
  }),
  page_failed: ({ recipient, channel, detail }) => ({
    text: `Could not page ${recipient}`,
    detail: `${channel}: ${detail}`,
    tone: 'bad',
  }),
  acknowledged: ({ by }) => ({ text: `${by} has it`, tone: 'good' }),
  resolved_by_person: ({ by, reason }) => ({ text: `Resolved by ${by}`, detail: reason, tone: 'good' }),
  marked_false_positive: ({ by, reason }) => ({ text: `False positive, says ${by}`, detail: reason, tone: 'calm' }),
  postmortem_written: ({ summary }) => ({ text: 'Postmortem written', detail: summary, tone: 'calm' }),
  note: ({ by, text }) => ({ text: `Note by ${by}`, detail: text, tone: 'calm', key: false }),
};

/** A timeline entry in words. */
export function momentOf({ seq, at, actor, event }: TimelineEntry): Moment {
  const said = (words[event.kind] as (event: IncidentEvent) => Said)(event);
  return {
    seq,
    at,
    actor,
    text: said.text,
    detail: said.detail ?? '',
    tone: said.tone ?? 'calm',
    key: said.key ?? true,
  };
}

/** What a chart marks: moments of the incident, in the order in which they came. */
export type Marker = { at: number; text: string; tone: Tone };

export function markersOf(entries: TimelineEntry[], deployments: { deployedAt: number; version: string }[]): Marker[] {
  const marks = entries.flatMap(({ at, event }): Marker[] => {
    switch (event.kind) {
      case 'opened':
        return [{ at, text: 'detected', tone: 'bad' }];
      case 'action_finished':
        return event.outcome === 'succeeded' ? [{ at, text: plain(event.type), tone: 'auto' }] : [];
      case 'reopened':
        return [{ at, text: 'came back', tone: 'bad' }];
      case 'recovered':
        return [{ at, text: 'recovered', tone: 'good' }];
      case 'resolved_by_person':
        return [{ at, text: 'resolved', tone: 'good' }];
      default:
        return [];
    }
  });
  const deploys = deployments.map(({ deployedAt, version }): Marker => ({
    at: deployedAt,
    text: `deploy ${version}`,
    tone: 'note',
  }));
  return [...deploys, ...marks].sort((a, b) => a.at - b.at);
}
