/**
 * The life of an incident as one pure function. No clock, no I/O: the caller says what happened and when, this says what follows.
 */
import {
  attemptLimits,
  stateDeadlinesMs,
  transitions,
  type Incident,
  type IncidentEvent,
  type IncidentState,
  type Resolution,
  type Stage,
} from '@nightshift/types';
import { reopenWindowMs } from './flap.ts';

/** What follows from an event: the incident as it is then and the jobs it sets in motion, or why nothing does. */
export type Decision = { kind: 'accepted'; incident: Incident; stages: Stage[] } | { kind: 'ignored'; reason: string };

type Of<K extends IncidentEvent['kind']> = Extract<IncidentEvent, { kind: K }>;
type Rule<K extends IncidentEvent['kind']> = (incident: Incident, event: Of<K>, at: number) => Decision;

const isOver = (incident: Incident) => incident.state === 'resolved' || incident.state === 'closed';

/** Whether what it is may still change by the signals that join it: nobody has chosen what to do about it. */
export const isUndecided = ({ state }: Pick<Incident, 'state'>) => state === 'open' || state === 'diagnosing';

const ignore = (reason: string): Decision => ({ kind: 'ignored', reason });
const record = (incident: Incident): Decision => ({ kind: 'accepted', incident, stages: [] });

/** Moves to a state, with that state's deadline, and rings for the stages that belong to it under a new generation. */
function move(
  incident: Incident,
  to: IncidentState,
  at: number,
  stages: Stage[] = [],
  changes: Partial<Incident> = {},
): Decision {
  if (!transitions[incident.state].includes(to))
    return ignore(`an incident that is ${incident.state} does not become ${to}`);
  return {
    kind: 'accepted',
    stages,
    incident: {
      ...incident,
      deadlineAt: to === 'closed' ? null : at + stateDeadlinesMs[to],
      generation: incident.generation + (stages.length > 0 ? 1 : 0),
      ...changes,
      state: to,
    },
  };
}

/** A person is told, and the signals go on being watched: it may heal by itself. */
const escalate = (incident: Incident, at: number) => move(incident, 'escalated', at, ['escalate', 'verify']);

const resolve = (incident: Incident, at: number, resolution: Resolution) =>
  move(incident, 'resolved', at, ['postmortem'], {
    resolution,
    resolvedAt: at,
    // What a person ended does not come back as the same incident.
    ...(resolution === 'self' || resolution === 'automated' ? { deadlineAt: at + reopenWindowMs(incident) } : {}),
  });

const only =
  <K extends IncidentEvent['kind']>(states: IncidentState[], rule: Rule<K>): Rule<K> =>
  (incident, event, at) =>
    states.includes(incident.state) ? rule(incident, event, at) : ignore(`too late: the incident is ${incident.state}`);

const rules: { [K in IncidentEvent['kind']]: Rule<K> } = {
  opened: only(['open'], (incident, _event, at) => move(incident, 'diagnosing', at, ['diagnose'])),

  anomaly_joined: (incident, event) => {
    if (isOver(incident)) return ignore(`too late: the incident is ${incident.state}`);
    const undecided = isUndecided(incident);
    return record({
      ...incident,
      severity: event.severity === 'critical' ? 'critical' : incident.severity,
      type: undecided ? (event.type ?? incident.type) : incident.type,
      title: undecided ? (event.title ?? incident.title) : incident.title,
    });
  },

  suspects: record,

  reopened: only(['resolved'], (incident, event, at) => {
    if (incident.resolution === 'person' || incident.resolution === 'false_positive')
      return ignore('a person ended it');
    const again = {
      resolvedAt: null,
      resolution: null,
      reopens: incident.reopens + 1,
      // It may be another trouble this time: the remedy follows what is wrong now, not what was wrong then.
      type: event.type ?? incident.type,
      severity: event.severity ?? incident.severity,
      title: event.title ?? incident.title,
      acknowledgedBy: null,
      acknowledgedAt: null,
    };
    return incident.reopens < attemptLimits.reopens
      ? move(incident, 'diagnosing', at, ['diagnose'], again)
      : move(incident, 'escalated', at, ['escalate', 'verify'], again);
  }),

  diagnosed: only(['diagnosing', 'remediating'], (incident, _event, at) =>
    incident.state === 'diagnosing' ? move(incident, 'deciding', at, ['remediate']) : record(incident),
  ),
  look_wanted: only(['remediating'], (incident) => ({
    kind: 'accepted',
    stages: ['diagnose'],
    incident: { ...incident, generation: incident.generation + 1 },
  })),

  classified: only(['deciding'], (incident, event) => record({ ...incident, type: event.type })),

  runbook_chosen: only(['deciding'], (incident, event, at) =>
    move(incident, 'remediating', at, [], { decisions: incident.decisions + 1, runbook: event.runbook }),
  ),
  approval_requested: only(['deciding'], (incident, event, at) =>
    move(incident, 'awaiting_approval', at, [], {
      decisions: incident.decisions + 1,
      runbook: event.runbook,
      deadlineAt: event.expiresAt,
    }),
  ),
  no_runbook: only(['deciding'], (incident, _event, at) => escalate(incident, at)),

  approved: only(['awaiting_approval'], (incident, _event, at) => move(incident, 'remediating', at, ['remediate'])),
  rejected: only(['awaiting_approval'], (incident, _event, at) => escalate(incident, at)),

  action_started: record,
  // What really happened is recorded whatever the state: the effect is in the world.
  action_finished: (incident, event, at) =>
    record(event.outcome === 'succeeded' ? { ...incident, actedAt: at } : incident),
  remediated: only(['remediating'], (incident, _event, at) => move(incident, 'verifying', at, ['verify', 'diagnose'])),
  remedy_failed: only(['deciding', 'remediating'], (incident, _event, at) => escalate(incident, at)),

  recovered: only(['verifying', 'escalated'], (incident, event, at) => {
    if (event.freshSamples < 1 || event.since < (incident.actedAt ?? incident.openedAt)) {
      return ignore('recovery needs fresh samples, taken after the last action');
    }
    if (incident.state === 'verifying') return resolve(incident, at, incident.actedAt === null ? 'self' : 'automated');
    return incident.acknowledgedBy === null
      ? resolve(incident, at, 'self')
      : ignore(`${incident.acknowledgedBy} has it: only a person resolves it now`);
  }),
  not_recovered: only(['verifying'], (incident, _event, at) =>
    incident.decisions < attemptLimits.decisions
      ? move(incident, 'deciding', at, ['remediate'])
      : escalate(incident, at),
  ),

  deadline_passed: (incident, event, at) => {
    if (event.state !== incident.state || incident.deadlineAt === null || incident.deadlineAt > at)
      return ignore('not overdue');
    if (incident.state === 'resolved') return move(incident, 'closed', at);
    if (incident.state !== 'escalated') return escalate(incident, at);
    // Nobody resolved it: remind, unless somebody said "I have it".
    const stages: Stage[] = incident.acknowledgedBy === null ? ['escalate'] : [];
    return {
      kind: 'accepted',
      stages,
      incident: {
        ...incident,
        deadlineAt: at + stateDeadlinesMs.escalated,
        generation: incident.generation + stages.length,
      },
    };
  },

  rechecked: record,
  paged: record,
  page_failed: record,
  postmortem_written: record,
  note: record,

  acknowledged: (incident, event, at) => {
    if (isOver(incident)) return ignore(`too late: the incident is ${incident.state}`);
    if (incident.acknowledgedBy !== null) return ignore(`${incident.acknowledgedBy} has acknowledged it already`);
    return record({ ...incident, acknowledgedBy: event.by, acknowledgedAt: at });
  },
  resolved_by_person: (incident, _event, at) =>
    isOver(incident) ? ignore(`the incident is ${incident.state} already`) : resolve(incident, at, 'person'),
  marked_false_positive: (incident, event, at) =>
    isOver(incident) ? record({ ...incident, resolution: 'false_positive' }) : resolve(incident, at, 'false_positive'),
};

/** What follows when `event` happens to `incident` at `at` (epoch ms, database clock). Pure. */
export function decide(incident: Incident, event: IncidentEvent, at: number): Decision {
  return (rules[event.kind] as Rule<IncidentEvent['kind']>)(incident, event, at);
}
