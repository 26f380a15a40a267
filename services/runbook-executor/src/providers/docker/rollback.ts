import { noParams } from '@nightshift/runbooks';
import type Dockerode from 'dockerode';
import {
  plannedCall,
  refuse,
  type PlanRequest,
  type PlanResult,
  type SendRequest,
  type SendResult,
} from '../provider.ts';
import { actionLabel, copyOf, joinNetworks } from './copy.ts';
import type { ContainerAction } from './docker.ts';
import { graceSeconds, statusOf, type Container, type DockerTarget, type Engine } from './engine.ts';

/**
 * The container is made anew of the earlier image, both pinned by their ids, and takes over its name; the old one stays, stopped, under
 * another name. What an attempt has done shows in names and labels, so that the next one goes on from there.
 */
export const rollback: ContainerAction = {
  async plan({ target, type, params, rollback: way }, engine, now) {
    const none = noParams(type, params);
    if (!none.ok) return refuse(none.reason);
    if (!way) return refuse('no deployment to roll back was found');
    const refusal = remakeRefusal(target, now);
    if (refusal) return refuse(refusal);
    const running = versionsOf(now);
    if (!running.includes(way.from))
      return refuse(`${target.container} runs ${running.join(', ') || now.Image}, not the deployed ${way.from}`);
    const repository = repositoryOf(now.Config.Image);
    const found = (await engine.imagesOf(repository)).filter((image) => isVersion(image, repository, way.to));
    if (found.length !== 1)
      return refuse(
        `${found.length} images ${repository} of version ${way.to} are on this engine: one must be, pull it first`,
      );
    const { Id: image } = found[0]!;
    if (image === now.Image) return refuse(`${way.from} and ${way.to} are the same image ${image}`);
    return plannedCall('idempotent', {
      params: { from: way.from, to: way.to, image: nameOf(found[0]!, repository, way.to) },
      precondition: {
        container: now.Id,
        image: now.Image,
        toImage: image,
        version: way.from,
        deploymentId: way.deploymentId,
        deployedAt: way.deployedAt,
      },
      summary: `make the container ${target.container} anew of ${repository} ${way.to} (${short(image)}) instead of ${way.from} (${short(now.Image)})`,
      undo: `start the kept container ${target.container}-before-… again in its place`,
    });
  },

  async send(request, engine) {
    const { target, action, key } = request;
    const { container, image, toImage } = action.precondition;
    const old = await engine.inspect(String(container));
    const holder = await engine.inspect(target.container);
    const [made] = await engine.labelled(`${actionLabel}=${key}`);
    if (!old) return refused('the container that the plan was made for was removed');
    if (holder && holder.Id !== old.Id && holder.Id !== made?.Id)
      return refused(`${target.container} is another container since the plan was made`);
    const refusal = remakeRefusal(target, old);
    if (refusal) return refused(refusal);
    const options = copyOf(old, await engine.image(String(image)), String(action.params['image']), key);
    const id = made?.Id ?? (await engine.create(`${target.container}-${key}`, options));
    const fresh = await engine.inspect(id);
    if (fresh?.Image !== toImage) return refused(`${action.params['image']} is another image since the plan was made`);
    await joinNetworks(engine, fresh!, old);
    return takeOver(request, engine, old, fresh!);
  },
};

/** Whether a rollback could be planned: another image of the same repository is there. */
export async function couldRollBack(
  { target }: PlanRequest<DockerTarget>,
  engine: Engine,
  now: Container,
): Promise<PlanResult> {
  const refusal = remakeRefusal(target, now);
  if (refusal) return refuse(refusal);
  const repository = repositoryOf(now.Config.Image);
  const others = (await engine.imagesOf(repository)).filter(({ Id }) => Id !== now.Image);
  if (others.length === 0) return refuse(`no other image of ${repository} is on this engine`);
  const summary = `make ${target.container} anew of one of ${others.length} other images of ${repository}`;
  return plannedCall('idempotent', { params: {}, precondition: {}, summary, undo: '' });
}

async function takeOver(
  { target, action, key, signal }: SendRequest<DockerTarget>,
  engine: Engine,
  old: Container,
  fresh: Container,
): Promise<SendResult> {
  const { container: name } = target;
  const kept = `${name}-before-${key}`;
  const isNamed = (it: Container, as: string) => it.Name === `/${as}`;
  const rename = async (it: Container, from: string, to: string) => {
    signal.throwIfAborted();
    if (isNamed(it, from)) await engine.rename(it.Id, to);
  };
  await engine.stop(old.Id, graceSeconds(action.timeoutMs));
  // "always" would start it beside the new one when the engine itself is started again.
  await engine.setRestartPolicy(old.Id, undefined);
  await rename(old, name, kept);
  await rename(fresh, `${name}-${key}`, name);
  try {
    await engine.start(fresh.Id);
  } catch (error) {
    if (statusOf(error) === null) throw error;
    await engine.rename(fresh.Id, `${name}-failed-${key}`);
    await engine.rename(old.Id, name);
    await engine.setRestartPolicy(old.Id, fresh.HostConfig.RestartPolicy);
    await engine.start(old.Id);
    return {
      outcome: 'failed',
      detail: `it did not start, and the old one runs again: ${String(error)}`,
      again: false,
    };
  }
  const now = await engine.inspect(name);
  if (now?.Id === fresh.Id && now.State.Running)
    return {
      outcome: 'succeeded',
      detail: `${name} runs ${action.params['to']}; the old container is kept as ${kept}`,
    };
  return { outcome: 'failed', detail: `${name} was made anew, but is ${now?.State.Status ?? 'gone'}`, again: false };
}

function remakeRefusal({ container }: DockerTarget, { Config, HostConfig }: Container): string | null {
  if (HostConfig.AutoRemove) return `${container} removes itself when it ends (--rm): it could not be brought back`;
  return repositoryOf(Config.Image) === ''
    ? `${container} was made of a bare image id: its repository is not known`
    : null;
}

/** registry:5000/shop/api:v1@sha256:… is shop/api at its registry; a bare id has none. */
function repositoryOf(image: string): string {
  return image.startsWith('sha256:') ? '' : image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}

/** The tag or digest of the image's name, and the label org.opencontainers.image.version. */
function versionsOf({ Config: { Image, Labels } }: Container): string[] {
  const [, tag] = /:([^:/]+)$/.exec(Image.replace(/@.*$/, '')) ?? [];
  const versions = [tag, Image.split('@')[1], Labels?.['org.opencontainers.image.version']];
  return versions.filter((version) => version !== undefined);
}

const versionLabel = 'org.opencontainers.image.version';
const isVersion = ({ RepoTags, RepoDigests, Labels }: Dockerode.ImageInfo, repository: string, version: string) =>
  (RepoTags ?? []).includes(`${repository}:${version}`) ||
  (RepoDigests ?? []).includes(`${repository}@${version}`) ||
  Labels?.[versionLabel] === version;

/** A name of an image that says its version, for whoever reads it in `docker ps`. */
const nameOf = ({ RepoTags, Id }: Dockerode.ImageInfo, repository: string, version: string) =>
  version.startsWith('sha256:') ? `${repository}@${version}` : (RepoTags?.[0] ?? Id);

const short = (image: string) => image.slice('sha256:'.length, 'sha256:'.length + 12);
const refused = (detail: string): SendResult => ({ outcome: 'refused', detail });
