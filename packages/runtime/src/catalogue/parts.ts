import {
  annotations,
  backstageServices,
  BackstageEntity,
  CustomCheck,
  isService,
  kubernetesSelector,
  Selector,
  Service,
  Target,
} from '@nightshift/types';
import { z } from 'zod';
import { parseParts, type Part, type Problem } from '../yaml.ts';

/** A service as one document declares it, and how to point at a part of that declaration. */
export type Declared = { service: Service; problem(path: PropertyKey[], message: string): Problem };
type Read<T> = { found: T[]; problems: Problem[] };

const CatalogueFile = z.strictObject({ schema: z.literal(1), services: z.array(Service).max(10_000) });

/** Services of a document in Nightshift's own form. */
export function ownServices(part: Part): Read<Declared> {
  const valid = part.validate(CatalogueFile);
  if (!valid.ok) return { found: [], problems: valid.problems };
  const found = valid.value.services.map((service, s) => ({
    service,
    problem: (path: PropertyKey[], message: string) => part.problem(['services', s, ...path], message),
  }));
  return { found, problems: [] };
}

export const isBackstage = ({ content }: Part): boolean =>
  typeof content === 'object' && content !== null && 'apiVersion' in content;

/** Services of Backstage documents: all together, because they refer to each other. */
export function backstageDeclarations(parts: Part[]): Read<Declared> {
  const problems: Problem[] = [];
  const entities = parts.flatMap((part) => {
    const valid = part.validate(BackstageEntity);
    if (!valid.ok) problems.push(...valid.problems);
    if (!valid.ok || !isService(valid.value)) return [];
    const own = ownOf(part, valid.value);
    problems.push(...own.problems);
    return [{ part, entity: valid.value, own: own.fields }];
  });
  if (problems.length > 0) return { found: [], problems };
  const services = backstageServices(entities);
  const found = services.map((service, i) => ({
    service,
    problem: (_path: PropertyKey[], message: string) => entities[i]!.part.problem(['metadata', 'name'], message),
  }));
  return { found, problems };
}

const structured = {
  selectors: z.array(Selector),
  targets: z.array(Target),
  checks: z.array(CustomCheck),
} as const;

/** What our annotations say. */
function ownOf(part: Part, entity: BackstageEntity): { fields: Partial<Service>; problems: Problem[] } {
  const given = entity.metadata.annotations;
  const problems: Problem[] = [];
  const fields: Record<string, unknown> = { selectors: kubernetesSelector(entity) };
  const plain = Service.pick({ criticality: true, policy: true }).partial().safeParse({
    criticality: given[annotations.criticality],
    policy: given[annotations.policy],
  });
  if (plain.success) Object.assign(fields, plain.data);
  for (const issue of plain.error?.issues ?? []) {
    const name = annotations[issue.path[0] as 'criticality' | 'policy'];
    problems.push(part.problem(['metadata', 'annotations', name], issue.message));
  }
  for (const [field, schema] of Object.entries(structured)) {
    const name = annotations[field as keyof typeof structured];
    const text = given[name];
    if (text === undefined) continue;
    const path = ['metadata', 'annotations', name];
    const inner = parseParts(part.file, text);
    const valid = inner.ok ? inner.value[0]!.validate(schema) : inner;
    if (valid.ok) fields[field] = [...((fields[field] as unknown[]) ?? []), ...valid.value];
    else problems.push(...valid.problems.map((problem) => outside(part.problem(path, problem.message), problem, text)));
  }
  return { fields: fields as Partial<Service>, problems };
}

/** A mistake inside an annotation's text: the lines of a block are below its key, the field is inside the annotation's. */
function outside(annotation: Problem, inner: Problem, text: string): Problem {
  const dot = inner.field === '' || inner.field.startsWith('[') ? '' : '.';
  return {
    ...annotation,
    field: `${annotation.field}${dot}${inner.field}`,
    line: annotation.line + (text.includes('\n') ? inner.line : 0),
  };
}
