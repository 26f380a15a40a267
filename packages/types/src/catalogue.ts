import { z } from 'zod';
import { ExactName } from './name.ts';
import { Selector } from './selector.ts';
import { CustomCheck, Target } from './target.ts';

export const Service = z.strictObject({
  name: ExactName,
  owner: z.string().min(1).max(128).default('unowned'),
  criticality: z.enum(['low', 'medium', 'high']).default('medium'),
  dependsOn: z.array(ExactName).max(200).default([]),
  /** Series and alerts whose labels fit any of these are this service's. */
  selectors: z.array(Selector).max(50).default([]),
  /** Escalation policy; absent: the default one of the on-call file. */
  policy: ExactName.optional(),
  targets: z.array(Target).max(200).default([]),
  /** Checks of one's own. */
  checks: z.array(CustomCheck).max(50).default([]),
});
export type Service = z.infer<typeof Service>;

/** What is declared, with its place in the file and what a second declaration of it would mean. */
type Declared = { key: string; path: PropertyKey[]; words: string };

/** Names, targets, selectors and custom checks are each declared once; dependencies are other services of the catalogue. */
export const Catalogue = z
  .strictObject({ schema: z.literal(1), services: z.array(Service).max(10_000) })
  .superRefine((catalogue, ctx) => {
    const seen = new Set<string>();
    for (const { key, path, words } of catalogue.services.flatMap(declaredBy)) {
      if (seen.has(key)) ctx.addIssue({ code: 'custom', path, message: words });
      seen.add(key);
    }
    catalogue.services.forEach(({ name, dependsOn }, s) => {
      dependsOn.forEach((other, d) => {
        const path = ['services', s, 'dependsOn', d];
        if (other === name) ctx.addIssue({ code: 'custom', path, message: `"${name}" cannot depend on itself` });
        else if (!seen.has(other))
          ctx.addIssue({ code: 'custom', path, message: `"${other}" is no service of the catalogue` });
      });
    });
  });
export type Catalogue = z.infer<typeof Catalogue>;

function declaredBy(service: Service, s: number): Declared[] {
  const at = (...path: PropertyKey[]) => ['services', s, ...path];
  return [
    { key: service.name, path: at('name'), words: `"${service.name}" is declared twice` },
    ...service.targets.map(({ id }, t) => ({
      key: `target ${id}`,
      path: at('targets', t, 'id'),
      words: `target "${id}" is declared twice`,
    })),
    ...service.checks.map(({ id }, c) => ({
      key: `check ${service.name} ${id}`,
      path: at('checks', c, 'id'),
      words: `check "${id}" is declared twice in this service`,
    })),
    ...service.selectors.map((selector, i) => {
      const labels = JSON.stringify(Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1)));
      return {
        key: `selector ${labels}`,
        path: at('selectors', i),
        words: 'the same selector is declared twice: nobody could say whose series it means',
      };
    }),
  ];
}
