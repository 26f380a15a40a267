import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What stands in for a customer's service, and what Nightshift may do to it when it is down. */
export type Kind =
  /** Its process is restarted, once per key. */
  | 'restart'
  /** Restarted, then a hook that must never be called twice. */
  | 'two_steps'
  /** A hook that acts every time it is called. */
  | 'plain_hook'
  /** A hook that acts once per key. */
  | 'keyed_hook'
  /** Two instances more for what it depends on; others want the same. */
  | 'scale'
  /** A restart of what it depends on; others want the same. */
  | 'shared'
  /** Restarted once a person agrees. */
  | 'asked';
export type Service = { name: string; kind: Kind; group: number; heals: string };

/** Services of one group go down together in a round; the next round takes the next group, so that no incident comes back too soon. */
const perGroup: Record<Kind, number> = {
  restart: 8,
  two_steps: 4,
  plain_hook: 6,
  keyed_hook: 4,
  scale: 3,
  shared: 4,
  asked: 3,
};
export const groups = 6;
const poolOf = (group: number) => `g${group}-pool`;

/** `heals`: a change of this target makes it well. */
export function servicesOf(group: number): Service[] {
  return (Object.entries(perGroup) as [Kind, number][]).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, i) => {
      const name = `g${group}-${kind.replace('_', '-')}-${i + 1}`;
      return { name, kind, group, heals: kind === 'scale' || kind === 'shared' ? poolOf(group) : name };
    }),
  );
}

const all = () => Array.from({ length: groups }, (_, group) => servicesOf(group)).flat();

/** Short, so that leases are: a lease lasts this long and the margin of packages/types on top. */
export const stepTimeoutMs = 800;

const process = (id: string, actions: string) =>
  `{ id: ${id}, kind: process, urlEnv: WORLD_URL, tokenEnv: WORLD_TOKEN, process: ${id}, actions: [${actions}], cooldownSeconds: 2 }`;
const hook = (name: string, area: 'hook' | 'keyed') =>
  `{ id: ${name}-hook, kind: http, urlEnv: WORLD_URL, path: /${area}/${name}, allowPrivate: true, idempotent: ${area === 'keyed'}, actions: [clear_cache] }`;
const health = (name: string) =>
  `{ id: ${name}-health, kind: http, urlEnv: WORLD_URL, path: /health/${name}, allowPrivate: true }`;

function targetsOf({ name, kind }: Service): string[] {
  if (kind === 'two_steps') return [process(name, 'restart_service'), hook(name, 'hook')];
  if (kind === 'plain_hook') return [hook(name, 'hook')];
  if (kind === 'keyed_hook') return [hook(name, 'keyed')];
  return kind === 'restart' || kind === 'asked' ? [process(name, 'restart_service')] : [];
}

function catalogue(): string {
  const pools = Array.from({ length: groups }, (_, group) => poolOf(group)).map(
    (pool) => `  - { name: ${pool}, targets: [${process(pool, 'restart_service, scale_up')}] }`,
  );
  const services = all().map((service) => {
    const depends = service.heals === service.name ? '' : `dependsOn: [${service.heals}], `;
    return `  - { name: ${service.name}, ${depends}targets: [${[health(service.name), ...targetsOf(service)].join(', ')}] }`;
  });
  return `schema: 1\nservices:\n${[...pools, ...services].join('\n')}\n`;
}

const step = (action: string, more = '') =>
  `{ action: ${action}, timeoutMs: ${stepTimeoutMs}, maxRetries: 1, backOffMs: 200${more} }`;

function stepsOf(kind: Kind, group: number): string[] {
  if (kind === 'two_steps') return [step('restart_service'), step('clear_cache')];
  if (kind === 'plain_hook' || kind === 'keyed_hook') return [step('clear_cache')];
  if (kind === 'scale') return [step('scale_up', `, target: ${poolOf(group)}, params: { add: 2 }`)];
  return [step('restart_service', kind === 'shared' ? `, target: ${poolOf(group)}` : '')];
}

function runbooks(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const kind of Object.keys(perGroup) as Kind[]) {
    for (let group = 0; group < groups; group++) {
      const id = `${kind.replace('_', '-')}-${group}`;
      const names = servicesOf(group).filter((service) => service.kind === kind);
      files[`runbooks/${id}.yaml`] = [
        `schema: 1\nid: ${id}\ntitle: ${id}\nmode: ${kind === 'asked' ? 'approve' : 'auto'}`,
        `match: { type: service_down, services: [${names.map(({ name }) => name).join(', ')}] }`,
        `steps: [${stepsOf(kind, group).join(', ')}]\n`,
      ].join('\n');
    }
  }
  return files;
}

const detection = `schema: 1
rules: [{ metric: availability, judge: false, threshold: { below: 0.5 } }]
composite: { cooldownSeconds: 0 }
recovery: { holdSeconds: 1, minSamples: 2 }
`;
const oncall = `schema: 1
channels: [{ id: pager, kind: webhook, urlEnv: PAGER_URL, secretEnv: PAGER_SECRET, allowPrivate: true }]
policies: [{ id: all, levels: [{ notify: [pager], nextAfterSeconds: 3600 }], repeat: 0 }]
defaultPolicy: all
`;

/** Writes the files that Nightshift is configured by. */
export async function writeConfiguration(dir: string): Promise<void> {
  await mkdir(join(dir, 'runbooks'), { recursive: true });
  const files = {
    'catalogue.yaml': catalogue(),
    'detection.yaml': detection,
    'oncall.yaml': oncall,
    ...runbooks(),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
}
