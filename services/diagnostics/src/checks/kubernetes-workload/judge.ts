import type { Finding } from '../../check.ts';
import { listed } from '../../words.ts';
import type { ContainerStatus, Event, Pod, Workload } from './objects.ts';

export type Seen = { workload: Workload; pods: Pod[]; events: Event[]; onsetAt: number; at: number };

const imageReasons = /^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/;

/** Containers that crash, whose last words tell most. */
export function troubled(pods: Pod[]): { pod: string; container: string }[] {
  return pods.flatMap(({ metadata, status }) =>
    status.containerStatuses
      .filter((each) => each.restartCount > 0 && (isCrashLooping(each) || wasOomKilled(each) || each.state.terminated))
      .map((each) => ({ pod: metadata.name, container: each.name })),
  );
}

/** Pure. `words`: last words of crashed containers. */
export function judge(seen: Seen, words: string[]): Finding<'kubernetes_workload'> {
  const containers = seen.pods.flatMap((pod) => pod.status.containerStatuses);
  const { spec, status } = seen.workload;
  const since = seen.events.filter((event) => timeOf(event) >= seen.onsetAt);
  const facts = {
    desired: status.desiredNumberScheduled ?? spec.replicas ?? 1,
    ready: status.readyReplicas ?? status.numberReady ?? 0,
    updated: status.updatedReplicas ?? status.updatedNumberScheduled ?? 0,
    pending: seen.pods.filter((pod) => pod.status.phase === 'Pending').length,
    restarts: containers.reduce((sum, each) => sum + each.restartCount, 0),
    restartsSinceOnset: containers.filter((each) => endedAt(each) >= seen.onsetAt).length,
    oomKilled: containers.filter(wasOomKilled).length,
    crashLooping: containers.filter(isCrashLooping).length,
    imageProblems: containers.filter((each) => imageReasons.test(each.state.waiting?.reason ?? '')).length,
    rolloutStuck: status.conditions.some(
      ({ type, status: is, reason }) =>
        type === 'Progressing' && is === 'False' && reason === 'ProgressDeadlineExceeded',
    ),
    paused: spec.paused,
    revision: seen.workload.metadata.annotations['deployment.kubernetes.io/revision'] ?? status.updateRevision ?? null,
    warnings: since.reduce((sum, event) => sum + (event.count ?? 1), 0),
    topWarning: mostFrequent(since),
  };
  const trouble = [
    facts.rolloutStuck && 'its roll-out is stuck',
    facts.crashLooping > 0 && `${facts.crashLooping} containers crash again and again`,
    facts.oomKilled > 0 && `${facts.oomKilled} containers were killed for memory`,
    facts.imageProblems > 0 && `${facts.imageProblems} images cannot be pulled`,
    facts.pending > 0 && `${facts.pending} pods are pending`,
    facts.ready < facts.desired && `${facts.ready} of ${facts.desired} replicas are ready`,
  ];
  const output = `revision ${facts.revision ?? '?'}: ${facts.ready}/${facts.desired} ready, ${facts.updated} updated, ${facts.restarts} restarts; ${facts.warnings} warnings since the onset${facts.topWarning ? `, most often ${facts.topWarning}` : ''}`;
  const down = facts.desired > 0 && facts.ready === 0;
  const degraded = trouble.some((line) => line !== false);
  return {
    status: down ? 'down' : degraded ? 'degraded' : 'ok',
    facts,
    output: [listed(trouble, output), ...words].join('\n'),
  };
}

const isCrashLooping = ({ state }: ContainerStatus) => state.waiting?.reason === 'CrashLoopBackOff';
const wasOomKilled = ({ state, lastState }: ContainerStatus) =>
  [state.terminated, lastState.terminated].some((ended) => ended?.reason === 'OOMKilled');
const endedAt = ({ lastState }: ContainerStatus) => Date.parse(lastState.terminated?.finishedAt ?? '') || 0;
const timeOf = (event: Event) => Date.parse(event.lastTimestamp ?? event.eventTime ?? '') || 0;

function mostFrequent(events: Event[]): string | null {
  const counts = new Map<string, number>();
  for (const { reason, count } of events) counts.set(reason, (counts.get(reason) ?? 0) + (count ?? 1));
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}
