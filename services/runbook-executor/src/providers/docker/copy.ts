import type Dockerode from 'dockerode';
import type { Container, Engine } from './engine.ts';

/** On every container that an action made: the action's id. */
export const actionLabel = 'nightshift.io/action';

/**
 * What makes another container like this one: same mounts, networks, limits and environment. `from` is the image that it was made of:
 * what it only had from there, it takes from `to` now (the same rule as `docker run` with the same options).
 */
export function copyOf(
  container: Container,
  from: Dockerode.ImageInspectInfo,
  to: string,
  key: string,
): Dockerode.ContainerCreateOptions {
  const { Config: config, HostConfig: host } = container;
  const image = (from.Config ?? {}) as Partial<Container['Config']>;
  const own = Object.entries(config).filter(([name, value]) => !same(value, image[name as keyof typeof image]));
  return {
    ...Object.fromEntries(own),
    Hostname: container.Id.startsWith(config.Hostname) ? undefined : config.Hostname,
    Env: (config.Env ?? []).filter((entry) => !(image.Env ?? []).includes(entry)),
    Labels: { ...without(config.Labels ?? {}, image.Labels ?? {}), [actionLabel]: key },
    Image: to,
    HostConfig: { ...host, Binds: [...(host.Binds ?? []), ...anonymousVolumes(container)] },
    NetworkingConfig: { EndpointsConfig: Object.fromEntries(networksOf(container).slice(0, 1)) },
  };
}

/** Engines before API 1.44 take one network when a container is made: the others are joined afterwards. A repeat is harmless. */
export async function joinNetworks(engine: Engine, copy: Container, of: Container): Promise<void> {
  for (const [network, endpoint] of networksOf(of).slice(1))
    if (!(network in copy.NetworkSettings.Networks)) await engine.join(network, copy.Id, endpoint);
}

/** Its own networks, the one that it was made with first; addresses are given anew. */
function networksOf({ Id, HostConfig, NetworkSettings }: Container): [string, Dockerode.EndpointSettings][] {
  const own = Object.entries(NetworkSettings.Networks ?? {}).filter(([name]) => !builtIn.has(name));
  const first = ([name]: [string, unknown]) => (name === HostConfig.NetworkMode ? 0 : 1);
  return own
    .sort((a, b) => first(a) - first(b))
    .map(([name, { Aliases, IPAMConfig }]) => [
      name,
      { Aliases: ((Aliases ?? []) as string[]).filter((alias) => !Id.startsWith(alias)), IPAMConfig },
    ]);
}

/** These take no settings of their own. */
const builtIn = new Set(['bridge', 'host', 'none', 'default']);

/** Volumes that an image declares get a random name; the copy must keep the same ones. */
function anonymousVolumes({ Mounts: mounts, HostConfig: { Binds: binds, Mounts: declared } }: Container): string[] {
  const named = new Set([
    ...(binds ?? []).map((bind) => bind.split(':')[1]),
    ...(declared ?? []).map(({ Target }) => Target),
  ]);
  return mounts
    .filter(({ Type, Name, Destination }) => Type === 'volume' && Name !== undefined && !named.has(Destination))
    .map(({ Name, Destination, RW }) => `${Name}:${Destination}${RW ? '' : ':ro'}`);
}

const without = (labels: Record<string, string>, of: Record<string, string>) =>
  Object.fromEntries(Object.entries(labels).filter(([name, value]) => of[name] !== value));

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
