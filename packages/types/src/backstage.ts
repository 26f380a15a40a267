import { z } from 'zod';
import { Service } from './catalogue.ts';
import { ExactName } from './name.ts';
import { Selector } from './selector.ts';

/**
 * An entity of Backstage as `catalog-info.yaml` declares it (https://backstage.io/docs/features/software-catalog/descriptor-format);
 * only what Nightshift reads of it, everything else is left alone.
 */
export const BackstageEntity = z.object({
  apiVersion: z.string().regex(/^backstage\.io\/v1(alpha|beta)?\d*$/, 'must be backstage.io/v1alpha1 or the like'),
  kind: z.string().min(1),
  metadata: z.object({
    name: ExactName,
    namespace: ExactName.default('default'),
    annotations: z.record(z.string(), z.string('must be text: annotations have no other type')).default({}),
  }),
  spec: z
    .object({
      owner: z.string().min(1).max(256).optional(),
      dependsOn: z.array(z.string().min(1).max(256)).max(200).default([]),
      consumesApis: z.array(z.string().min(1).max(256)).max(200).default([]),
      providesApis: z.array(z.string().min(1).max(256)).max(200).default([]),
    })
    .prefault({}),
});
export type BackstageEntity = z.infer<typeof BackstageEntity>;

/** What becomes a service; any other kind (Location, Group, Template ...) is none of ours. */
const kinds = ['component', 'resource', 'api', 'system'];
export const isService = ({ kind }: BackstageEntity) => kinds.includes(kind.toLowerCase());

/** Annotations of ours, by the field of the catalogue that each one fills. The last three hold YAML or JSON. */
export const annotations = {
  criticality: 'nightshift.io/criticality',
  policy: 'nightshift.io/policy',
  selectors: 'nightshift.io/selectors',
  targets: 'nightshift.io/targets',
  checks: 'nightshift.io/checks',
} as const;

/** `kind:namespace/name`, where kind and namespace may be left out, as in https://backstage.io/docs/features/software-catalog/references. */
function parseRef(ref: string, kind: string): string {
  const [, givenKind, namespace, name] = /^(?:([^:]+):)?(?:([^/]+)\/)?(.+)$/.exec(ref) ?? [];
  return `${(givenKind ?? kind).toLowerCase()}:${(namespace ?? 'default').toLowerCase()}/${(name ?? ref).toLowerCase()}`;
}
const refOf = ({ kind, metadata }: BackstageEntity) => parseRef(`${metadata.namespace}/${metadata.name}`, kind);

/**
 * The services that entities become, in their order. A component has its own name; where another kind has the same one, that is
 * called `kind/name`. Dependencies on what is not among them are left out: they are somebody else's.
 */
export function backstageServices(entities: { entity: BackstageEntity; own: Partial<Service> }[]): Service[] {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const kind of kinds) {
    for (const { entity } of entities.filter((each) => each.entity.kind.toLowerCase() === kind)) {
      const { name } = entity.metadata;
      names.set(refOf(entity), kind !== 'component' && taken.has(name) ? `${kind}/${name}` : name);
      taken.add(name);
    }
  }
  const providers = entities.flatMap(({ entity }) =>
    entity.spec.providesApis.map((api) => ({ api: parseRef(api, 'api'), by: refOf(entity) })),
  );
  return entities.map(({ entity, own }) => {
    const { spec } = entity;
    const refs = [
      ...spec.dependsOn.map((ref) => parseRef(ref, 'component')),
      ...spec.consumesApis.map((ref) => parseRef(ref, 'api')),
      ...providers.filter(({ api }) => api === refOf(entity)).map(({ by }) => by),
    ];
    const name = names.get(refOf(entity))!;
    const dependsOn = [...new Set(refs.flatMap((ref) => names.get(ref) ?? []))].filter((each) => each !== name);
    return Service.parse({ ...own, name, owner: ownerOf(spec.owner), dependsOn });
  });
}

/** `group:default/team-a` is team-a. */
const ownerOf = (owner: string | undefined) => owner?.replace(/^.*[:/]/, '').slice(0, 128) || undefined;

/** The labels by which Backstage's Kubernetes plugin finds a component, as a selector of series. */
export function kubernetesSelector({ metadata }: BackstageEntity): Selector[] {
  const text = metadata.annotations['backstage.io/kubernetes-label-selector'];
  if (!text) return [];
  const pairs = text.split(',').map((part) => part.trim().split('=') as [string, string?]);
  const namespace = metadata.annotations['backstage.io/kubernetes-namespace'];
  const labels = { ...(namespace && { namespace }), ...Object.fromEntries(pairs) };
  const selector = Selector.safeParse(labels);
  return selector.success ? [selector.data] : []; // set-based selectors ("in (a, b)") cannot be told in labels
}
