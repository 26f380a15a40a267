import { errorMessage, type Target } from '@nightshift/types';
import type Dockerode from 'dockerode';
import type { Env, SendResult } from '../provider.ts';

export type DockerTarget = Extract<Target, { kind: 'docker' }>;
export type Container = Dockerode.ContainerInspectInfo;

/** Every call ends with the signal. */
export type Engine = {
  /** By name or id; null where there is none. */
  inspect(container: string): Promise<Container | null>;
  /** Running or not, that bear a label `key=value`. */
  labelled(label: string): Promise<Dockerode.ContainerInfo[]>;
  imagesOf(repository: string): Promise<Dockerode.ImageInfo[]>;
  image(name: string): Promise<Dockerode.ImageInspectInfo>;
  /** Returns the id; the name must be free. */
  create(name: string, options: Dockerode.ContainerCreateOptions): Promise<string>;
  start(container: string): Promise<void>;
  /** Both give the process `graceSeconds` to end. */
  stop(container: string, graceSeconds: number): Promise<void>;
  restart(container: string, graceSeconds: number): Promise<void>;
  rename(container: string, name: string): Promise<void>;
  join(network: string, container: string, endpoint: Dockerode.EndpointSettings): Promise<void>;
  setRestartPolicy(container: string, policy: Dockerode.HostRestartPolicy | undefined): Promise<void>;
};

/** How long a process may take to end: a third of the action's time, so that a call that was cut has ended before the lease. */
export const graceSeconds = (timeoutMs: number) => Math.max(1, Math.min(10, Math.floor(timeoutMs / 3_000)));

/** The client comes with the first target that needs it. */
export async function openEngine(
  { urlEnv }: DockerTarget,
  env: Env,
  abortSignal: AbortSignal,
): Promise<{ ok: true; engine: Engine } | { ok: false; reason: string }> {
  const address = addressOf(urlEnv, env);
  if (typeof address === 'string') return { ok: false, reason: address };
  const { default: Docker } = await import('dockerode');
  const docker = new Docker(address);
  const at = (container: string) => docker.getContainer(container);
  return {
    ok: true,
    engine: {
      inspect: (container) => at(container).inspect({ abortSignal }).catch(nullAt(404)),
      labelled: (label) => docker.listContainers({ all: true, filters: { label: [label] }, abortSignal }),
      imagesOf: (repository) => docker.listImages({ filters: { reference: [repository] }, abortSignal }),
      image: (name) => docker.getImage(name).inspect({ abortSignal } as Dockerode.ImageInspectOptions),
      create: async (name, options) => (await docker.createContainer({ name, ...options, abortSignal })).id,
      start: (container) => at(container).start({ abortSignal }).then(nothing, nullAt(304)).then(nothing),
      stop: (container, t) => at(container).stop({ t, abortSignal }).then(nothing, nullAt(304)).then(nothing),
      restart: (container, t) => at(container).restart({ t, abortSignal }).then(nothing),
      rename: (container, name) => at(container).rename({ name, abortSignal }).then(nothing),
      join: (network, container, endpoint) =>
        docker
          .getNetwork(network)
          .connect({ Container: container, EndpointConfig: endpoint, abortSignal } as Dockerode.NetworkConnectOptions)
          .then(nothing),
      setRestartPolicy: (container, policy) =>
        at(container)
          .update({ RestartPolicy: policy ?? { Name: 'no' }, abortSignal })
          .then(nothing),
    },
  };
}

const nothing = () => undefined;

/** 304 is how the engine says "it is so already". */
const nullAt = (status: number) => (error: unknown) => {
  if (statusOf(error) === status) return null;
  throw error;
};

/** What the engine answered, or null where it did not. */
export function statusOf(error: unknown): number | null {
  const { statusCode } = error as { statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : null;
}

function addressOf(urlEnv: string | undefined, env: Env): Dockerode.DockerOptions | string {
  if (urlEnv === undefined) return { socketPath: '/var/run/docker.sock' };
  const text = env[urlEnv];
  if (!text) return `${urlEnv} is not set`;
  const wrong = `${urlEnv} must hold unix:///path or http(s)://host:port`;
  if (!URL.canParse(text)) return wrong;
  const url = new URL(text);
  if (url.protocol === 'unix:') return { socketPath: decodeURIComponent(url.pathname) };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return wrong;
  const protocol = url.protocol === 'https:' ? 'https' : 'http';
  return { protocol, host: url.hostname, port: url.port || (protocol === 'https' ? 443 : 80) };
}

const notConnected = new Set(['ECONNREFUSED', 'ENOENT', 'EACCES', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH']);

/** What a thrown error means for a change that was sent. */
export function sendFailure(error: unknown, signal: AbortSignal): SendResult {
  const status = statusOf(error);
  const detail = status === null ? errorMessage(error) : `the engine answered: ${errorMessage(error)}`;
  if (status !== null && status < 500) return { outcome: 'failed', detail, again: false };
  if (signal.aborted) return { outcome: 'uncertain', detail: 'no answer in time' };
  const { code } = error as { code?: unknown };
  if (notConnected.has(String(code))) return { outcome: 'failed', detail, again: true };
  return { outcome: 'uncertain', detail };
}
