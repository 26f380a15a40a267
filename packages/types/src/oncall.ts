import { z } from 'zod';
import { EnvName, ExactName } from './name.ts';

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

/** People take turns, in order, from `startsAt` on, each for `shiftMs`. */
export const Rotation = z.strictObject({
  id: ExactName,
  people: z.array(ExactName).min(1),
  startsAt: z.iso.datetime({ offset: true }),
  shiftHours: z
    .number()
    .positive()
    .max(24 * 90)
    .default(24 * 7),
});
export type Rotation = z.infer<typeof Rotation>;

export const EscalationLevel = z.strictObject({
  /** Rotation, person or channel ids. */
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
    rotations: z.array(Rotation).default([]),
    policies: z.array(EscalationPolicy).min(1),
    defaultPolicy: ExactName,
  })
  .superRefine((oncall, ctx) => {
    const ids = (list: { id: string }[]) => new Set(list.map((entry) => entry.id));
    const [channels, people, rotations, policies] = [
      ids(oncall.channels),
      ids(oncall.people),
      ids(oncall.rotations),
      ids(oncall.policies),
    ];
    const missing = (path: (string | number)[], what: string, id: string) =>
      ctx.addIssue({ code: 'custom', path, message: `no ${what} has the id "${id}"` });
    oncall.people.forEach((person, i) =>
      person.channels.forEach((id, j) => channels.has(id) || missing(['people', i, 'channels', j], 'channel', id)),
    );
    oncall.rotations.forEach((rotation, i) =>
      rotation.people.forEach((id, j) => people.has(id) || missing(['rotations', i, 'people', j], 'person', id)),
    );
    oncall.policies.forEach((policy, i) =>
      policy.levels.forEach((level, j) =>
        level.notify.forEach((id, k) => {
          if (!channels.has(id) && !people.has(id) && !rotations.has(id))
            missing(['policies', i, 'levels', j, 'notify', k], 'rotation, person or channel', id);
        }),
      ),
    );
    if (!policies.has(oncall.defaultPolicy)) missing(['defaultPolicy'], 'policy', oncall.defaultPolicy);
  });
export type OnCall = z.infer<typeof OnCall>;
