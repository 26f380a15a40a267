import { drainQueue, lookAtDrain, pauseQueue, quarantineOf, resumeQueue } from '@nightshift/queue';
import { noParams } from '@nightshift/runbooks';
import { errorMessage, jobs, type Target } from '@nightshift/types';
import { plannedCall, refuse, type Env, type ProviderOf } from '../provider.ts';

type QueueTarget = Extract<Target, { kind: 'bullmq' }>;

/** Jobs moved aside at once; what is beyond stays for another plan. */
const mostJobs = 10_000;

/**
 * Waiting jobs of a BullMQ queue, moved aside into its quarantine queue and never deleted: `nightshift queues restore` puts them back. The
 * cut-off is pinned in the plan, so that a repeat moves nothing that came later.
 */
export const bullmqProvider: ProviderOf<'bullmq'> = {
  supports: ['drain_queue'],

  async plan({ target, type, params, env, signal }) {
    const none = noParams(type, params);
    if (!none.ok) return refuse(none.reason);
    const before = Date.now();
    const of = drainage(target, env, before, signal);
    if (!of.ok) return refuse(of.reason);
    try {
      const { jobs, paused } = await lookAtDrain(of.options);
      if (jobs === 0) return refuse(`no job of ${target.queue} waits that could be moved aside`);
      return plannedCall('idempotent', {
        params: { queue: target.queue, before },
        precondition: { paused },
        summary: `move ${jobs} waiting jobs of ${target.queue} aside into ${quarantineOf(target.queue)}`,
        undo: `nightshift queues restore ${target.id}`,
      });
    } catch (error) {
      return { ok: false, reason: `the queue ${target.queue} cannot be asked: ${errorMessage(error)}`, again: true };
    }
  },

  async send({ target, action, env, signal }) {
    const { params, precondition } = action;
    if (params['queue'] !== target.queue)
      return { outcome: 'refused', detail: `${target.id} is the queue ${target.queue} now, not ${params['queue']}` };
    const of = drainage(target, env, Number(params['before']), signal);
    if (!of.ok) return { outcome: 'refused', detail: of.reason };
    try {
      await pauseQueue(of.options);
      const { moved, kept } = await drainQueue(of.options);
      // Where it was paused before, that was somebody's will.
      if (precondition['paused'] === false) await resumeQueue(of.options);
      const stayed = kept === 0 ? '' : `; ${kept} stayed: younger, part of a flow or schedule, or at work`;
      return { outcome: 'succeeded', detail: `moved ${moved} jobs into ${quarantineOf(target.queue)}${stayed}` };
    } catch (error) {
      const part = `a part of the jobs may be moved, and ${target.queue} paused: ${errorMessage(error)}`;
      return { outcome: 'uncertain', detail: part };
    }
  },
};

function drainage(target: QueueTarget, env: Env, before: number, signal: AbortSignal) {
  const url = env[target.urlEnv];
  if (!url) return { ok: false as const, reason: `${target.urlEnv} is not set` };
  const { queue, prefix } = target;
  const ours = Object.values(jobs).some((job) => job.queue === queue || queue.startsWith(`${job.queue}-`));
  if (ours && (prefix === '{nightshift}' || url === env['QUEUE_URL']))
    return { ok: false as const, reason: `${queue} is a queue of Nightshift itself: it is never moved aside` };
  return { ok: true as const, options: { url, prefix, queue, before, mostJobs, signal } };
}
