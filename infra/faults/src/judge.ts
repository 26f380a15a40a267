/** The verdict: what Postgres says it did against what the other side knows it did. Pure. */
import { passedLimits } from './limits.ts';
import type { Delivered, Effect } from './platform/messages.ts';

export type JudgedIncident = {
  id: string;
  service: string;
  state: string;
  /** Who ended it: `person` where somebody who was paged did. */
  resolution: string | null;
  openedAt: number;
  /** How often a runbook was chosen, and was through: every service has one, which is tried once. */
  chosen: number;
  remediated: number;
};
export type JudgedAction = {
  id: string;
  incidentId: string;
  type: string;
  target: string;
  service: string;
  state: string;
  attempts: number;
  /** How often its end stands on the timeline. */
  ends: number;
};
/** A service went down at this time (epoch ms, the world's clock), and Nightshift was told so and said yes. */
export type Outage = { service: string; at: number; round: number };

export type Evidence = {
  outages: Outage[];
  incidents: JudgedIncident[];
  actions: JudgedAction[];
  effects: Effect[];
  pages: Delivered[];
};

/** Each list says in words what is wrong; empty is good. */
export type Verdict = { lost: string[]; duplicated: string[]; exceeded: string[] };

/** An incident may be dated this much before the sender's word of it, and belongs to its outage until the next one of the service. */
const toleranceMs = 2_000;
const sameOutageMs = 60 * 60_000;

export function judge({ outages, incidents, actions, effects, pages }: Evidence): Verdict {
  const actionOf = new Map(actions.map((action) => [action.id, action]));
  const byKey = new Map<string, Effect[]>();
  for (const effect of effects) byKey.set(effect.key, [...(byKey.get(effect.key) ?? []), effect]);
  const paged = new Set(pages.map(({ incidentId }) => incidentId));

  const opened = ({ service, at }: Outage) =>
    incidents.some(
      (incident) =>
        incident.service === service && incident.openedAt > at - toleranceMs && incident.openedAt < at + sameOutageMs,
    );
  const lost = [
    ...outages
      .filter((outage) => !opened(outage))
      .map(({ service, round }) => `${service} went down in round ${round}: no incident`),
    ...incidents
      .filter(({ id, state, resolution }) => (state === 'escalated' || resolution === 'person') && !paged.has(id))
      .map(({ id }) => `${id} went to a person: no page`),
    ...actions
      .filter(({ id, state }) => state === 'succeeded' && !byKey.has(id))
      .map(({ id }) => `${id} is on record as done: the target knows nothing of it`),
  ];

  const duplicated = [
    ...[...byKey].filter(([, all]) => all.length > 1).map(([key, all]) => `${key}: ${all.length} effects`),
    ...[...byKey.keys()].filter((key) => !actionOf.has(key)).map((key) => `${key}: an effect of no action on record`),
    ...[...byKey.keys()].flatMap((key) => {
      const action = actionOf.get(key);
      const may = action === undefined || ['dispatching', 'succeeded', 'unknown'].includes(action.state);
      return may ? [] : [`${key}: an effect, of an action that is on record as ${action.state}`];
    }),
    ...incidents
      .filter(({ chosen, remediated }) => chosen > 1 || remediated > 1)
      .map(({ id, chosen, remediated }) => `${id}: chosen ${chosen} times, through ${remediated} times`),
    ...actions.filter(({ ends }) => ends > 1).map(({ id, ends }) => `${id}: ended ${ends} times on the timeline`),
  ];

  const done = effects.flatMap(({ key, quantity, at }) => {
    const action = actionOf.get(key);
    return action ? [{ ...action, quantity, at }] : [];
  });
  return { lost, duplicated, exceeded: passedLimits(done) };
}
