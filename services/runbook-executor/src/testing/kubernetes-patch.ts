/** The three patches of the Kubernetes API, as far as a stand-in needs them. */

// oxlint-disable-next-line typescript/no-explicit-any -- objects of any kind, as they come over the wire
export type Json = Record<string, any>;

/** The object after the patch, or what is wrong with it. https://kubernetes.io/docs/reference/using-api/api-concepts/#patch-and-apply */
export function patched(object: Json, patch: Json, contentType: string): Json | string {
  if (contentType === 'application/json-patch+json') return jsonPatched(object, patch as unknown as Operation[]);
  if (contentType === 'application/merge-patch+json') return merged(object, patch, false);
  if (contentType === 'application/strategic-merge-patch+json') return merged(object, patch, true);
  return `a patch of type ${contentType}`;
}

type Operation = { op: string; path: string; value: unknown };

/** RFC 6902: replace wants the member to be there, add does not. */
function jsonPatched(object: Json, operations: Operation[]): Json | string {
  const result = structuredClone(object);
  for (const { op, path, value } of operations) {
    const names = path.split('/').slice(1);
    const last = names.pop()!;
    const parent = names.reduce<Json | undefined>((at, name) => at?.[name] as Json | undefined, result);
    if (!parent || (op === 'replace' && !(last in parent)) || !['add', 'replace'].includes(op))
      return `the JSON patch ${op} ${path}`;
    parent[last] = value;
  }
  return result;
}

/** RFC 7386; a strategic one knows `$patch: replace`, and that containers are told by their names. */
function merged(object: Json, patch: Json, strategic: boolean): Json {
  const { $patch: directive, ...fields } = patch;
  if (strategic && directive === 'replace') return fields;
  const result = { ...object };
  for (const [name, value] of Object.entries(fields)) {
    const old = result[name] as unknown;
    if (value === null) delete result[name];
    else if (strategic && name === 'containers' && Array.isArray(old))
      result[name] = byName(old as Json[], value as Json[]);
    else if (isObject(value)) result[name] = merged(isObject(old) ? old : {}, value, strategic);
    else result[name] = value;
  }
  return result;
}

function byName(old: Json[], patches: Json[]): Json[] {
  const kept = old.map((each) => merged(each, patches.find(({ name }) => name === each['name']) ?? {}, true));
  return [...kept, ...patches.filter(({ name }) => !old.some((each) => each['name'] === name))];
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
