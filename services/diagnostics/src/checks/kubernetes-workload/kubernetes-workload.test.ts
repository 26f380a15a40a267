import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SubjectOf } from '../../check.ts';
import { context, incident, silentServer } from '../../stand-ins.ts';
import { kubernetesWorkload } from './kubernetes-workload.ts';

const onset = Date.parse('2026-11-24T10:00:00Z');
const target: SubjectOf<'kubernetes'> = {
  id: 'shop',
  kind: 'kubernetes',
  kubeconfigEnv: 'KUBECONFIG',
  namespace: 'shop',
  workload: 'deployment',
  name: 'api',
  autoscaler: 'refuse',
  gitops: 'refuse',
  actions: [],
};
const deployment = (status: object, more: object = {}) => ({
  metadata: { annotations: { 'deployment.kubernetes.io/revision': '7' } },
  spec: { replicas: 2, selector: { matchLabels: { app: 'api' } }, ...more },
  status,
});
const pod = (name: string, phase: string, ...containerStatuses: object[]) => ({
  metadata: { name },
  status: { phase, containerStatuses },
});
const running = { name: 'api', restartCount: 0, state: { running: {} } };

/** An API server that knows these objects and checks each request: path, selector, token; nothing but GET. */
let server: Server;
let folder: string;
let cluster: { deployment: object | null; pods: object[]; events: object[]; logs: string; forbidden: string };
const asked: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://x');
    asked.push(`${request.method} ${url.pathname}`);
    const answer = (body: object | null) => (body ? response.end(JSON.stringify(body)) : response.writeHead(404).end());
    if (request.method !== 'GET') return response.writeHead(405).end();
    if (request.headers.authorization !== 'Bearer canary-token') return response.writeHead(401).end();
    if (cluster.forbidden && url.pathname.includes(cluster.forbidden)) return response.writeHead(403).end();
    const core = '/api/v1/namespaces/shop';
    if (url.pathname === '/apis/apps/v1/namespaces/shop/deployments/api') return answer(cluster.deployment);
    if (url.pathname === `${core}/pods`)
      return answer(url.searchParams.get('labelSelector') === 'app=api' ? { items: cluster.pods } : null);
    if (url.pathname === `${core}/events`) return answer({ items: cluster.events });
    if (url.pathname === `${core}/pods/api-1/log` && url.searchParams.get('previous') === 'true')
      return response.end(cluster.logs);
    return answer(null);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  folder = await mkdtemp(join(tmpdir(), 'nightshift-kubernetes-'));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  cluster = {
    deployment: deployment({ readyReplicas: 2, updatedReplicas: 2 }),
    pods: [pod('api-1', 'Running', running), pod('api-2', 'Running', running)],
    events: [],
    logs: '',
    forbidden: '',
  };
});

async function look(port = (server.address() as AddressInfo).port, signal?: AbortSignal, token = 'canary-token') {
  const file = join(folder, 'kubeconfig');
  await writeFile(
    file,
    `current-context: here\ncontexts: [{ name: here, context: { cluster: c, user: u } }]\n` +
      `clusters: [{ name: c, cluster: { server: "http://127.0.0.1:${port}" } }]\nusers: [{ name: u, user: { token: ${token} } }]\n`,
  );
  return kubernetesWorkload.run(
    context({
      subject: target,
      env: { KUBECONFIG: file },
      at: onset + 120_000,
      incident: { ...incident, onsetAt: onset },
      ...(signal && { signal }),
    }),
  );
}

describe('kubernetes_workload', () => {
  it('is ok where all that is wanted is ready, and has read only', async () => {
    const finding = await look();
    expect(finding).toMatchObject({
      status: 'ok',
      facts: { desired: 2, ready: 2, revision: '7', restarts: 0, warnings: 0 },
    });
    expect(asked.every((line) => line.startsWith('GET '))).toBe(true);
    expect(JSON.stringify(finding)).not.toContain('canary');
  });

  it('sees containers that crash for memory, since when, and their last words', async () => {
    const ended = { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-11-24T10:01:00Z' };
    const crashing = {
      name: 'api',
      restartCount: 4,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: ended },
    };
    cluster.pods = [pod('api-1', 'Running', crashing), pod('api-2', 'Running', running)];
    cluster.deployment = deployment({ readyReplicas: 1, updatedReplicas: 2 });
    cluster.logs = 'allocating\nFATAL: out of memory\n';
    const involvedObject = { kind: 'Pod', name: 'api-1' };
    cluster.events = [
      { type: 'Warning', reason: 'BackOff', count: 9, lastTimestamp: '2026-11-24T10:01:30Z', involvedObject },
      { type: 'Warning', reason: 'Unhealthy', count: 2, lastTimestamp: '2026-11-24T10:01:30Z', involvedObject },
      { type: 'Warning', reason: 'Old', count: 50, lastTimestamp: '2026-11-24T09:00:00Z', involvedObject },
      {
        type: 'Warning',
        reason: 'Strange',
        count: 70,
        lastTimestamp: '2026-11-24T10:01:30Z',
        involvedObject: { name: 'other-1' },
      },
    ];
    const { status, facts, output } = await look();
    expect(status).toBe('degraded');
    expect(facts).toMatchObject({
      ready: 1,
      restarts: 4,
      restartsSinceOnset: 1,
      oomKilled: 1,
      crashLooping: 1,
      warnings: 11,
      topWarning: 'BackOff',
    });
    expect(output).toContain('last words of api-1 api: allocating\nFATAL: out of memory');
  });

  it('sees a roll-out that is stuck, images that are not there, and pods that wait', async () => {
    const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
    cluster.deployment = deployment({ readyReplicas: 2, updatedReplicas: 1, conditions });
    cluster.pods.push(
      pod('api-3', 'Pending', { name: 'api', state: { waiting: { reason: 'ImagePullBackOff' } } }),
      pod('api-4', 'Pending'),
    );
    expect(await look()).toMatchObject({
      status: 'degraded',
      facts: { rolloutStuck: true, imageProblems: 1, pending: 2, paused: false },
    });
  });

  it('is down where nothing is ready, and not where nothing is wanted', async () => {
    cluster.deployment = deployment({});
    expect((await look()).status).toBe('down');
    cluster.deployment = deployment({}, { replicas: 0 });
    expect((await look()).status).toBe('ok');
  });

  it('says what our role may not read, and does not call that down (defect 25)', async () => {
    cluster.forbidden = '/events';
    await expect(look()).rejects.toThrow('we may not read /api/v1/namespaces/shop/events (403)');
    await expect(look(undefined, undefined, 'wrong')).rejects.toThrow('(401)');
    cluster.deployment = null;
    await expect(look()).rejects.toThrow('the API answered 404');
    const gone = await silentServer();
    await gone.close();
    expect(await look(gone.port)).toMatchObject({ status: 'down' });
  });

  it('lets go at its deadline (defect 20)', async () => {
    const hole = await silentServer();
    await expect(look(hole.port, AbortSignal.timeout(200))).rejects.toThrow();
    await expect.poll(() => hole.open()).toBe(0);
    await hole.close();
  });
});
