import { dutyAt, type OverridesBySchedule } from '@nightshift/oncall';
import type { EscalationPolicy, OnCall, Person } from '@nightshift/types';

/** Whom to tell, through which channel of the on-call file. */
export type Recipient = { recipient: string; channel: string };

/** Where a climb stands: which level of the ladder, and how often the whole ladder was climbed before. */
export type Rung = { level: number; round: number };

/** The channel that is always there, whatever the on-call file says. */
export const builtInConsole = 'console';

/** The policy of that name, or the file's default one where it is gone or was never named. */
export function policyOf(oncall: OnCall, id: string | undefined): EscalationPolicy {
  const find = (wanted: string | undefined) => oncall.policies.find((policy) => policy.id === wanted);
  return find(id) ?? find(oncall.defaultPolicy) ?? oncall.policies[0]!;
}

/** The on-call file, what was agreed beside it, and the time (epoch ms) for which somebody is sought. */
export type Moment = { oncall: OnCall; overrides: OverridesBySchedule; at: number };

/** Everybody a level names, each channel once. A level that comes to nobody still reaches the console. */
export function recipientsOf({ oncall, overrides, at }: Moment, policy: EscalationPolicy, level: number): Recipient[] {
  const named = policy.levels[level]?.notify ?? [];
  const found = named.flatMap((id) => resolve({ oncall, overrides, at }, id));
  const distinct = [...new Map(found.map((each) => [`${each.recipient} ${each.channel}`, each])).values()];
  return distinct.length > 0 ? distinct : [{ recipient: 'nobody-on-call', channel: consoleOf(oncall) }];
}

/** A known person by all of their channels, anybody else by the console. */
export function reach(oncall: OnCall, who: string): Recipient[] {
  const person = oncall.people.find((each) => each.id === who);
  return person ? channelsOf(person) : [{ recipient: who, channel: consoleOf(oncall) }];
}

/** The console channel of the file, or the built-in one. */
export const consoleOf = (oncall: OnCall) =>
  oncall.channels.find((channel) => channel.kind === 'console')?.id ?? builtInConsole;

/** The rung after this one, or null when the ladder was climbed as often as the policy wants. */
export function rungAfter(policy: EscalationPolicy, { level, round }: Rung): Rung | null {
  if (level + 1 < policy.levels.length) return { level: level + 1, round };
  return round < policy.repeat ? { level: 0, round: round + 1 } : null;
}

function resolve({ oncall, overrides, at }: Moment, id: string): Recipient[] {
  const schedule = oncall.schedules.find((each) => each.id === id);
  const people = schedule ? dutyAt(schedule, at, overrides.get(id)).people : [id];
  const reached = oncall.people.filter((each) => people.includes(each.id)).flatMap(channelsOf);
  if (schedule || reached.length > 0) return reached;
  return oncall.channels.some((each) => each.id === id) ? [{ recipient: id, channel: id }] : [];
}

const channelsOf = (person: Person) => person.channels.map((channel) => ({ recipient: person.id, channel }));
