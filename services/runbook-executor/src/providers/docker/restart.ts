import { noParams } from '@nightshift/runbooks';
import { plannedCall, refuse } from '../provider.ts';
import type { ContainerAction } from './docker.ts';
import { graceSeconds } from './engine.ts';

/**
 * Pinned to the container and to the start that the plan saw: a later start tells that it was done. The engine takes no precondition,
 * so that a repeat is asked about first; a call whose executor vanished has ended by then, as its grace is shorter than the lease.
 */
export const restart: ContainerAction = {
  async plan({ target, type, params }, _engine, now) {
    const none = noParams(type, params);
    if (!none.ok) return refuse(none.reason);
    return plannedCall('probe', {
      params: {},
      precondition: { container: now.Id, startedAt: now.State.StartedAt },
      summary: `restart the container ${target.container} (${now.Config.Image}, ${now.State.Status})`,
      undo: 'nothing to undo: the same image runs again',
    });
  },

  async send({ target, action }, engine) {
    const { container, startedAt } = action.precondition;
    const now = await engine.inspect(target.container);
    if (now?.Id !== container)
      return { outcome: 'refused', detail: `${target.container} is another container since the plan was made` };
    if (now?.State.StartedAt !== startedAt)
      return { outcome: 'refused', detail: `${target.container} was started again since the plan was made` };
    await engine.restart(now!.Id, graceSeconds(action.timeoutMs));
    const after = await engine.inspect(now!.Id);
    if (after?.State.Running) return { outcome: 'succeeded', detail: `${target.container} runs again` };
    const exit = `${after?.State.Status ?? 'gone'}, exit code ${after?.State.ExitCode ?? '?'}`;
    return { outcome: 'failed', detail: `${target.container} was restarted, but is ${exit}`, again: false };
  },

  async probe({ action }, engine) {
    const now = await engine.inspect(String(action.precondition['container']));
    if (!now) return 'unknown';
    return now.State.StartedAt === action.precondition['startedAt'] ? 'not_done' : 'done';
  },
};
