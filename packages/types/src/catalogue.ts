import { z } from 'zod';
import { ActionType } from './action.ts';
import { ExactName } from './name.ts';

/** Name of an environment variable that holds a secret or an address: files carry references, never values. */
export const EnvName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the NAME of an environment variable, not a value');

const common = {
  id: ExactName,
  /** What Nightshift may do to it at all. Absent: nothing, it is only looked at. */
  actions: z.array(ActionType).default([]),
};

/** What a service runs on, and which provider performs actions on it. `kind` is the provider. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, kind: z.literal('process'), urlEnv: EnvName, tokenEnv: EnvName, process: ExactName }),
  z.strictObject({
    ...common,
    kind: z.literal('redis'),
    urlEnv: EnvName,
    /** Key prefixes that `clear_cache` may remove; matched literally. */
    clearPrefixes: z
      .array(
        z
          .string()
          .min(3)
          .max(128)
          .regex(/^[A-Za-z0-9][A-Za-z0-9:._-]*$/, 'must be a literal prefix: no wildcard'),
      )
      .default([]),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('http'),
    urlEnv: EnvName,
    path: z.string().startsWith('/').default('/'),
    secretEnv: EnvName.optional(),
    expectStatus: z.number().int().min(100).max(599).default(200),
    /** The receiver promises to act once per `Idempotency-Key`; only then may an action be sent to it again. */
    idempotent: z.boolean().default(false),
  }),
  z.strictObject({ ...common, kind: z.literal('postgres'), urlEnv: EnvName }),
  z.strictObject({
    ...common,
    kind: z.literal('disk'),
    path: z.string().startsWith('/').optional(),
    pathEnv: EnvName.optional(),
  }),
]);
export type Target = z.infer<typeof Target>;
export type TargetKind = Target['kind'];

export const Service = z.strictObject({
  name: ExactName,
  owner: z.string().max(128).default('unowned'),
  criticality: z.enum(['low', 'medium', 'high']).default('medium'),
  dependsOn: z.array(ExactName).default([]),
  /** Escalation policy; absent: the default one of the on-call file. */
  policy: ExactName.optional(),
  targets: z.array(Target).default([]),
});
export type Service = z.infer<typeof Service>;

export const Catalogue = z
  .strictObject({ schema: z.literal(1), services: z.array(Service).max(10_000) })
  .superRefine((catalogue, ctx) => {
    const seen = new Set<string>();
    catalogue.services.forEach((service, s) => {
      if (seen.has(service.name))
        ctx.addIssue({ code: 'custom', path: ['services', s, 'name'], message: `"${service.name}" is declared twice` });
      seen.add(service.name);
      service.targets.forEach((target, t) => {
        const id = `target ${target.id}`;
        if (seen.has(id))
          ctx.addIssue({
            code: 'custom',
            path: ['services', s, 'targets', t, 'id'],
            message: `target "${target.id}" is declared twice`,
          });
        seen.add(id);
      });
    });
  });
export type Catalogue = z.infer<typeof Catalogue>;
