import { beyondInstances, scaleGoal } from '@nightshift/runbooks';
import { plannedCall, refuse, type SendResult } from '../provider.ts';
import { actionLabel, copyOf, joinNetworks } from './copy.ts';
import type { ContainerAction } from './docker.ts';
import { statusOf, type Container, type DockerTarget } from './engine.ts';

/**
 * More containers like the target's own, of the service whose label the catalogue names. Their names are made of the action's key, and
 * names are unique: however often it is sent, each is made once.
 */
export const scale: ContainerAction = {
  async plan({ target, params }, engine, now) {
    const refusal = copyRefusal(target, now);
    if (refusal) return refuse(refusal);
    const running = (await engine.labelled(target.label!)).filter(isRunning).length;
    const goal = scaleGoal(params, running);
    if (!goal.ok) return refuse(goal.reason);
    const crowded = beyondInstances(target, { replicas: goal.value });
    if (crowded) return refuse(crowded);
    return plannedCall('idempotent', {
      params: { replicas: goal.value },
      precondition: { container: now.Id, image: now.Image, replicas: running },
      summary: `scale ${target.label} from ${running} to ${goal.value} containers like ${target.container}`,
      undo: `stop and remove the containers with the label ${actionLabel} of this action`,
    });
  },

  async send({ target, action, key, signal }, engine) {
    const { container, image, replicas: from } = action.precondition;
    const to = Number(action.params['replicas']);
    const pattern = await engine.inspect(target.container);
    if (pattern?.Id !== container || pattern?.Image !== image)
      return refused(`${target.container} is another container since the plan was made`);
    const refusal = copyRefusal(target, pattern!);
    if (refusal) return refused(refusal);
    const all = await engine.labelled(target.label!);
    const mine = all.filter(({ Labels }) => Labels[actionLabel] === key);
    const others = all.filter((each) => isRunning(each) && !mine.includes(each)).length;
    if (others !== from && mine.length === 0)
      return refused(`${others} containers run now, the plan was made for ${from}`);
    const options = copyOf(pattern!, await engine.image(pattern!.Image), pattern!.Config.Image, key);
    for (let i = 1; i <= to - Number(from); i++) {
      signal.throwIfAborted();
      const name = `${target.container}-${key}-${i}`;
      await engine.create(name, options).catch(unlessTaken);
      const made = await engine.inspect(name);
      if (!made) return { outcome: 'failed', detail: `another attempt is making ${name} just now`, again: true };
      if (made.Image !== image) return refused(`${pattern!.Config.Image} is another image since the plan was made`);
      await joinNetworks(engine, made, pattern!);
      await engine.start(name);
    }
    const after = (await engine.labelled(target.label!)).filter(isRunning).length;
    if (after >= to) return { outcome: 'succeeded', detail: `${after} containers of ${target.label} run` };
    return { outcome: 'failed', detail: `only ${after} containers of ${target.label} run, not ${to}`, again: false };
  },
};

/** Why no second container like this one can run, or null. */
function copyRefusal({ container, label }: DockerTarget, { Config, HostConfig }: Container): string | null {
  if (label === undefined) return `the catalogue names no label of the service that ${container} belongs to`;
  const [name, value] = split(label);
  if (Config.Labels?.[name] !== value) return `${container} does not bear the label ${label}`;
  if (HostConfig.NetworkMode === 'host')
    return `${container} uses the network of its host: two would want the same ports`;
  const bindings = Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[] | null>);
  const fixed = bindings.flatMap((each) => each ?? []).find(({ HostPort }) => HostPort && HostPort !== '0');
  return fixed ? `${container} publishes port ${fixed.HostPort} of its host: a second one could not` : null;
}

const split = (label: string) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)] as const;
const isRunning = ({ State }: { State: string }) => State === 'running';
const refused = (detail: string): SendResult => ({ outcome: 'refused', detail });

/** 409: the name is taken, by an earlier attempt with this key. */
function unlessTaken(error: unknown) {
  if (statusOf(error) !== 409) throw error;
}
