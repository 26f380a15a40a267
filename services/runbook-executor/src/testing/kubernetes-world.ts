/** A cluster with one workload "api", deployed as v1 and then as v2, and the provider's questions about it. For tests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalogue, type ActionParams, type ActionType, type PlannedAction, type Target } from '@nightshift/types';
import { kubernetesProvider } from '../providers/kubernetes/kubernetes.ts';
import { startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';
import type { Json } from './kubernetes-patch.ts';

export type Workload = 'deployment' | 'statefulset' | 'daemonset';
type KubernetesTarget = Extract<Target, { kind: 'kubernetes' }>;

export const pathOf = (workload: Workload) => `/apis/apps/v1/namespaces/shop/${workload}s/api`;
export const autoscalerPath = '/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api';
const template = (version: string): Json => ({
  metadata: { labels: { app: 'api' }, creationTimestamp: null },
  spec: { containers: [{ name: 'api', image: `shop/api:${version}`, unheardOf: { of: version } }] },
});

export async function makeKubernetesWorld() {
  const api = await startKubernetesApi();
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-kubernetes-'));
  const kubeconfig = join(folder, 'kubeconfig');
  const cluster = { name: 'c', cluster: { server: api.server } };
  const context = { name: 'here', context: { cluster: 'c', user: 'u' } };
  const writeConfig = (token: string) =>
    writeFile(
      kubeconfig,
      JSON.stringify({
        'current-context': 'here',
        contexts: [context],
        clusters: [cluster],
        users: [{ name: 'u', user: { token } }],
      }),
    );
  await writeConfig(api.token);
  const env = { SHOP_KUBECONFIG: kubeconfig };

  function deploy(workload: Workload, more: { metadata?: Json; spec?: Json } = {}) {
    api.objects.clear();
    for (const version of ['v1', 'v2'])
      api.put(pathOf(workload), {
        metadata: { labels: {}, annotations: { team: 'shop' }, ...more.metadata },
        spec: {
          ...(workload === 'daemonset' ? {} : { replicas: 2 }),
          selector: { matchLabels: { app: 'api' } },
          template: template(version),
          ...more.spec,
        },
        status: {},
      });
    for (const list of [api.asked, api.stored, api.tricks, api.meanwhile, api.unexpected]) list.length = 0;
    api.denied.clear();
  }
  const autoscale = (minReplicas: number, maxReplicas: number, metadata: Json = {}) =>
    api.put(autoscalerPath, {
      metadata,
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' }, minReplicas, maxReplicas },
    });

  function target(more: Json = {}): KubernetesTarget {
    const entry = {
      id: 'api',
      kind: 'kubernetes',
      kubeconfigEnv: 'SHOP_KUBECONFIG',
      namespace: 'shop',
      name: 'api',
      ...more,
    };
    const actions = ['restart_service', 'scale_up', 'rollback_deploy'];
    const { services } = Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets: [{ actions, ...entry }] }] });
    return services[0]!.targets[0] as KubernetesTarget;
  }
  const rollback = { deploymentId: 'dep-2', from: 'v2', to: 'v1', deployedAt: 1 };
  const request = (type: ActionType, of: KubernetesTarget, params: ActionParams = {}) => ({
    target: of,
    type,
    params: type === 'scale_up' && Object.keys(params).length === 0 ? { add: 1 } : params,
    rollback: type === 'rollback_deploy' ? rollback : null,
    env,
    signal: AbortSignal.timeout(10_000),
  });
  const plan = (type: ActionType, of = target(), params?: ActionParams) =>
    kubernetesProvider.plan(request(type, of, params));
  async function planned(type: ActionType, of = target(), params?: ActionParams): Promise<PlannedAction> {
    const result = await plan(type, of, params);
    if (!result.ok) throw new Error(result.reason);
    return { step: 0, type, target: of.id, provider: 'kubernetes', timeoutMs: 1_000, maxRetries: 0, ...result.call };
  }
  const send = (action: PlannedAction, of = target(), key = 'act-1', signal = AbortSignal.timeout(10_000)) =>
    kubernetesProvider.send({ target: of, key, incidentId: 'inc-1', action, env, signal });

  return {
    api,
    env,
    writeConfig,
    deploy,
    autoscale,
    target,
    request,
    plan,
    planned,
    send,
    async close() {
      await api.close();
      await rm(folder, { recursive: true });
    },
  };
}

export type KubernetesWorld = Awaited<ReturnType<typeof makeKubernetesWorld>> & { api: KubernetesApi };
