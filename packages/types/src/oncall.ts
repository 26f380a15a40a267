import { z } from 'zod';
import { EnvName, ExactName } from './name.ts';
import { Schedule } from './schedule.ts';

export const Channel = z.discriminatedUnion('kind', [
  z.strictObject({ id: ExactName, kind: z.literal('console') }),
  /** POST with a Standard Webhooks signature. */
  z.strictObject({
    id: ExactName,
    kind: z.literal('webhook'),
    urlEnv: EnvName,
    secretEnv: EnvName,
    /** It may lie in a private network. */
    allowPrivate: z.boolean().optional(),
  }),
]);
export type Channel = z.infer<typeof Channel>;

export const Person = z.strictObject({
  id: ExactName,
  name: z.string().min(1).max(128),
  channels: z.array(ExactName).min(1),
});
export type Person = z.infer<typeof Person>;

export const EscalationLevel = z.strictObject({
  /** Schedule, person or channel ids. */
  notify: z.array(ExactName).min(1),
  /** Without an acknowledgement, the next level is told after this long. */
  nextAfterSeconds: z.number().min(1).max(86_400).default(300),
});

export const EscalationPolicy = z.strictObject({
  id: ExactName,
  levels: z.array(EscalationLevel).min(1).max(10),
  /** How often the whole ladder is climbed again when nobody answers. */
  repeat: z.number().int().min(0).max(10).default(2),
});
export type EscalationPolicy = z.infer<typeof EscalationPolicy>;

export const OnCall = z
  .strictObject({
    schema: z.literal(1),
    channels: z.array(Channel).min(1),
    people: z.array(Person).default([]),
    schedules: z.array(Schedule).max(200).default([]),
    policies: z.array(EscalationPolicy).min(1),
    defaultPolicy: ExactName,
  })
  .superRefine((oncall, ctx) => {
    const ids = (list: { id: string }[]) => new Set(list.map((entry) => entry.id));
    const [channels, people, schedules, policies] = [
      ids(oncall.channels),
      ids(oncall.people),
      ids(oncall.schedules),
      ids(oncall.policies),
    ];
    const missing = (path: (string | number)[], what: string, id: string) =>
      ctx.addIssue({ code: 'custom', path, message: `no ${what} has the id "${id}"` });
    const needPeople = (path: (string | number)[], named: readonly (string | undefined)[]) =>
      named.forEach((id, nth) => id === undefined || people.has(id) || missing([...path, nth], 'person', id));
    oncall.people.forEach((person, i) =>
      person.channels.forEach((id, j) => channels.has(id) || missing(['people', i, 'channels', j], 'channel', id)),
    );
    oncall.schedules.forEach(({ layers, overrides }, i) => {
      layers.forEach((layer, j) => needPeople(['schedules', i, 'layers', j, 'people'], layer.people));
      overrides.forEach(({ person, insteadOf }, j) =>
        needPeople(['schedules', i, 'overrides', j], [person, insteadOf]),
      );
    });
    oncall.policies.forEach((policy, i) =>
      policy.levels.forEach((level, j) =>
        level.notify.forEach((id, k) => {
          if (!channels.has(id) && !people.has(id) && !schedules.has(id))
            missing(['policies', i, 'levels', j, 'notify', k], 'schedule, person or channel', id);
        }),
      ),
    );
    if (!policies.has(oncall.defaultPolicy)) missing(['defaultPolicy'], 'policy', oncall.defaultPolicy);
  });
export type OnCall = z.infer<typeof OnCall>;
