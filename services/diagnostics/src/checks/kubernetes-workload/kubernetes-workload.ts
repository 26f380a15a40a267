import { clusterAccess, type ClusterAccess } from '@nightshift/runtime';
import type { z } from 'zod';
import { referenced, type Check, type CheckContext, type SubjectOf } from '../../check.ts';
import { judgeConnection } from '../../connection-error.ts';
import { get } from '../../http.ts';
import { judge, troubled } from './judge.ts';
import { EventList, PodList, Workload } from './objects.ts';

const listLimit = 500;
const logLines = 20;
const logBytes = 16_384;
const logsAtMost = 2;

type Context = CheckContext<SubjectOf<'kubernetes'>>;

/** Roll-out, pods, restarts, OOM kills, events and last words of a workload. Reads only: get and list of a namespace are enough. */
export const kubernetesWorkload: Check<SubjectOf<'kubernetes'>, 'kubernetes_workload'> = {
  id: 'kubernetes_workload',
  appliesTo: (subject) => subject.kind === 'kubernetes',
  async run(context) {
    try {
      return await look(context);
    } catch (error) {
      if (context.signal.aborted || error instanceof Refused) throw error;
      return { ...judgeConnection(error), facts: {} };
    }
  },
};

/** The API answered, but not what was asked for. */
class Refused extends Error {}

async function look(context: Context) {
  const { subject, signal, incident, at } = context;
  const access = await clusterAccess(
    subject.kubeconfigEnv && referenced(context, subject.kubeconfigEnv),
    subject.context,
  );
  const ask = asker(access, signal);
  const core = `/api/v1/namespaces/${encodeURIComponent(subject.namespace)}`;
  const apps = `/apis/apps/v1/namespaces/${encodeURIComponent(subject.namespace)}`;
  const workload = await ask.json(`${apps}/${subject.workload}s/${encodeURIComponent(subject.name)}`, Workload);
  const labels = Object.entries(workload.spec.selector.matchLabels).map(([name, value]) => `${name}=${value}`);
  if (labels.length === 0) throw new Refused('the selector of the workload has no labels: its pods cannot be told');
  const [pods, events] = await Promise.all([
    ask.json(`${core}/pods?labelSelector=${encodeURIComponent(labels.join(','))}&limit=${listLimit}`, PodList),
    ask.json(`${core}/events?fieldSelector=${encodeURIComponent('type=Warning')}&limit=${listLimit}`, EventList),
  ]);
  const names = new Set([subject.name, ...pods.items.map((pod) => pod.metadata.name)]);
  const own = events.items.filter(
    ({ involvedObject: { name } }) => names.has(name) || name.startsWith(`${subject.name}-`),
  );
  const words = await Promise.all(
    troubled(pods.items)
      .slice(0, logsAtMost)
      .map(async ({ pod, container }) => {
        const query = `container=${encodeURIComponent(container)}&previous=true&tailLines=${logLines}&limitBytes=${logBytes}`;
        // A container that has not run before has no last words.
        const text = await ask.text(`${core}/pods/${encodeURIComponent(pod)}/log?${query}`).catch(() => null);
        return text && `last words of ${pod} ${container}: ${text.trim()}`;
      }),
  );
  signal.throwIfAborted();
  return judge(
    { workload, pods: pods.items, events: own, onsetAt: incident.onsetAt, at },
    words.filter((each) => each !== null),
  );
}

function asker({ server, ...access }: ClusterAccess, signal: AbortSignal) {
  const text = async (path: string) => {
    const answer = await get(new URL(server.replace(/\/$/, '') + path), { ...access, signal });
    if (answer.status === 200) return answer.text;
    const what = path.replace(/\?.*/, '');
    if (answer.status === 401 || answer.status === 403)
      throw new Refused(`we may not read ${what} (${answer.status}): give our role get and list of it`);
    throw new Refused(`${what}: the API answered ${answer.status}`);
  };
  const json = async <T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> => {
    const parsed = schema.safeParse(JSON.parse(await text(path)));
    if (parsed.success) return parsed.data;
    throw new Refused(`${path.replace(/\?.*/, '')}: the answer is not as Kubernetes documents it`);
  };
  return { text, json };
}
