import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
/**
 * A stand-in for the API server of a cluster, as far as acting on workloads needs it: JSON, merge and strategic merge patches, optimistic
 * locking (409), dryRun=All, RBAC (403), and a controller that keeps revisions. It checks what it gets, and remembers what it never
 * expected.
 */
import { isDeepStrictEqual } from 'node:util';
import { close, listen } from './control-api.ts';
import { patched, type Json } from './kubernetes-patch.ts';

export type Asked = { method: string; path: string; dryRun: boolean; body: unknown };

export type KubernetesApi = {
  server: string;
  token: string;
  /** By path, e.g. /apis/apps/v1/namespaces/shop/deployments/api. */
  objects: Map<string, Json>;
  put(path: string, object: Json): void;
  get(path: string): Json;
  /** "verb resource" that the role does not allow, e.g. "patch deployments". */
  denied: Set<string>;
  asked: Asked[];
  /** Changes that were stored. */
  stored: Asked[];
  /** Runs before the next change is judged, as somebody who is quicker would. */
  meanwhile: (() => void)[];
  /** Answers the next changes in this way: a status without doing it, or does it and hangs up. */
  tricks: ({ status: number; message: string } | 'hang_up_after')[];
  unexpected: string[];
  close(): Promise<void>;
};

const token = 'canary-kubernetes-token';
const apps = '/apis/apps/v1/namespaces/shop';

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const objects = new Map<string, Json>();
  const api = { objects, denied: new Set<string>(), asked: [], stored: [], meanwhile: [], tricks: [], unexpected: [] };
  let version = 100;
  const put = (path: string, object: Json) => {
    const metadata = { name: path.split('/').at(-1), uid: `uid of ${path}`, ...object.metadata };
    objects.set(path, { ...object, metadata: { ...metadata, resourceVersion: String(++version) } });
    if (object.spec?.template !== undefined && !path.includes('replicasets')) keepRevision(path, put, objects);
  };
  const here: KubernetesApi = {
    ...api,
    token,
    server: '',
    put,
    get: (path) => objects.get(path)!,
    close: () => close(server),
  };

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown } | 'hang_up'> {
    const url = new URL(request.url!, 'http://x');
    const method = request.method!;
    const [path, subresource] = splitScale(url.pathname);
    const dryRun = url.searchParams.get('dryRun') === 'All';
    const body = await read(request);
    here.asked.push({ method, path: url.pathname, dryRun, body });
    if (request.headers.authorization !== `Bearer ${token}`) return status(401, 'Unauthorized');
    const [resource, name] = path.split('/').slice(path.startsWith('/apis/') ? 6 : 5);
    const verb = method === 'PATCH' ? 'patch' : name === undefined ? 'list' : 'get';
    const wanted = `${verb} ${resource}${subresource}`;
    if (here.denied.has(wanted)) return status(403, forbidden(verb, `${resource}${subresource}`, name));
    if (verb === 'list') return { status: 200, body: list(objects, path, url.searchParams.get('labelSelector')) };
    const current = objects.get(path);
    if (!current) return status(404, `${resource} "${name}" not found`);
    if (method === 'GET') return { status: 200, body: subresource ? scaleOf(current) : current };
    if (method !== 'PATCH') return unexpected(`${method} ${url.pathname}`);
    if (url.searchParams.get('fieldManager') !== 'nightshift') return unexpected('a patch without its fieldManager');
    if (!dryRun) here.meanwhile.splice(0).forEach((act) => act());
    const trick = dryRun ? undefined : here.tricks.shift();
    if (trick && trick !== 'hang_up_after') return status(trick.status, trick.message);
    const changed = change(objects.get(path)!, subresource, body as Json, request.headers['content-type']!);
    if (typeof changed === 'string') return unexpected(changed);
    if (changed.metadata.resourceVersion !== objects.get(path)!.metadata.resourceVersion)
      return status(409, `Operation cannot be fulfilled on ${resource} "${name}": the object has been modified`);
    if (!dryRun) {
      put(path, changed);
      here.stored.push({ method, path: url.pathname, dryRun, body });
    }
    const now = dryRun ? changed : objects.get(path)!;
    return trick === 'hang_up_after' ? 'hang_up' : { status: 200, body: subresource ? scaleOf(now) : now };
  }
  const unexpected = (what: string) => (here.unexpected.push(what), status(400, `unexpected: ${what}`));

  const server = createServer((request, response) => {
    const judged = answer(request).catch((error: unknown) => unexpected(String(error)));
    void judged.then((reply) => {
      if (reply === 'hang_up') return request.socket.destroy();
      return response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
    });
  });
  await listen(server);
  here.server = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return here;
}

function change(current: Json, subresource: string, body: Json, contentType: string): Json | string {
  if (!subresource) return patched(current, body, contentType);
  const scale = patched(scaleOf(current), body, contentType);
  if (typeof scale === 'string') return scale;
  const { resourceVersion } = scale.metadata;
  return { ...current, metadata: { ...current.metadata, resourceVersion }, spec: { ...current.spec, ...scale.spec } };
}

const scaleOf = ({ metadata, spec }: Json): Json => ({
  kind: 'Scale',
  metadata: { name: metadata.name, resourceVersion: metadata.resourceVersion },
  spec: { replicas: spec.replicas },
});

const splitScale = (path: string): [string, string] =>
  path.endsWith('/scale') ? [path.slice(0, -'/scale'.length), '/scale'] : [path, ''];

function list(objects: Map<string, Json>, path: string, selector: string | null) {
  const wanted = (selector ?? '').split(',').filter(Boolean);
  const items = [...objects].filter(([at]) => at.startsWith(`${path}/`)).map(([, object]) => object);
  return {
    metadata: {},
    items: items.filter(({ metadata }) =>
      wanted.every((each) => metadata.labels?.[each.split('=')[0]!] === each.split('=')[1]),
    ),
  };
}

/** What the controllers do: a new template is a new revision, a known one is renumbered to be the newest. */
function keepRevision(path: string, put: KubernetesApi['put'], objects: Map<string, Json>) {
  const { metadata, spec } = objects.get(path)!;
  const deployment = path.includes('/deployments/');
  const folder = `${apps}/${deployment ? 'replicasets' : 'controllerrevisions'}/`;
  const owner = { kind: 'Workload', name: metadata.name, uid: metadata.uid, controller: true };
  const mine = [...objects].filter(
    ([at, each]) => at.startsWith(folder) && each.metadata.ownerReferences[0].uid === owner.uid,
  );
  const templateOf = (each: Json) => (deployment ? each.spec.template : each.data.spec.template);
  const bare = ({ metadata: { labels, ...rest }, ...more }: Json) => {
    const { 'pod-template-hash': _hash, ...others } = labels ?? {};
    const { $patch: _patch, ...template } = more;
    return { ...template, metadata: { ...rest, labels: others } };
  };
  const numberOf = (each: Json) => (deployment ? Number(each.metadata.annotations[revisionMark]) : each.revision);
  const newest = Math.max(0, ...mine.map(([, each]) => numberOf(each)));
  const known = mine.find(([, each]) => isDeepStrictEqual(bare(templateOf(each)), bare(spec.template)));
  if (known && numberOf(known[1]) === newest) return;
  const number = newest + 1;
  const name = known?.[0].split('/').at(-1) ?? `${metadata.name}-${number}`;
  const template = structuredClone(spec.template);
  const common = { name, labels: { app: metadata.name }, ownerReferences: [owner] };
  if (deployment) {
    template.metadata.labels['pod-template-hash'] = name;
    put(`${folder}${name}`, {
      metadata: { ...common, annotations: { [revisionMark]: String(number) } },
      spec: { template },
    });
    objects.get(path)!.metadata.annotations = { ...metadata.annotations, [revisionMark]: String(number) };
  } else
    put(`${folder}${name}`, {
      metadata: common,
      revision: number,
      data: { spec: { template: { ...template, $patch: 'replace' } } },
    });
}

const revisionMark = 'deployment.kubernetes.io/revision';

const forbidden = (verb: string, resource: string, name = '') =>
  `${resource}.apps "${name}" is forbidden: User "system:serviceaccount:nightshift:executor" cannot ${verb} resource "${resource}" in API group "apps" in the namespace "shop"`;

const status = (code: number, message: string) => ({
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code },
});

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString());
}
