import { inspectQueue, type Inspection } from '@nightshift/queue';
import { referenced, type Check, type Finding, type SubjectOf } from '../../check.ts';
import { judgeConnection } from '../../connection-error.ts';
import { listed } from '../../words.ts';

/** Depth, age and failures of a BullMQ queue of the service; nothing is written into it. */
export const queueBacklog: Check<SubjectOf<'bullmq'>, 'queue_backlog'> = {
  id: 'queue_backlog',
  appliesTo: (subject) => subject.kind === 'bullmq',
  async run(context) {
    const { subject, incident, signal } = context;
    const { queue, prefix, urlEnv } = subject;
    const url = referenced(context, urlEnv);
    try {
      return judge(await inspectQueue({ url, queue, prefix, since: incident.onsetAt, signal }), subject);
    } catch (error) {
      if (signal.aborted) throw error;
      return { ...judgeConnection(error), facts: {} };
    }
  },
};

function judge({ failedSince, ...found }: Inspection, subject: SubjectOf<'bullmq'>): Finding<'queue_backlog'> {
  const { waiting, active, failed, oldestWaitMs, workers, paused, topError } = found;
  const facts = { ...found, failedSinceOnset: failedSince };
  const waits = `the oldest job waits for ${Math.round(oldestWaitMs / 1_000)} s`;
  const trouble = [
    waiting > subject.waitingLimit && `${waiting} jobs wait, more than ${subject.waitingLimit}`,
    oldestWaitMs > subject.waitLimitSeconds * 1_000 && waits,
    paused && waiting > 0 && 'it is paused',
    workers === 0 && waiting > 0 && 'nobody works on it',
    failedSince > 0 && `${failedSince} jobs failed since the onset, most often: ${topError ?? 'no reason'}`,
  ];
  const output = `${subject.queue}: ${waiting} waiting, ${active} active, ${failed} failed kept; ${workers ?? '?'} workers`;
  return {
    status: trouble.some((line) => line !== false) ? 'degraded' : 'ok',
    facts,
    output: listed(trouble, output),
  };
}
