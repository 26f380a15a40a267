import type { ActionType } from '@nightshift/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeKubernetesWorld, pathOf, type KubernetesWorld, type Workload } from '../../testing/kubernetes-world.ts';
import { kubernetesProvider } from './kubernetes.ts';

let world: KubernetesWorld;
beforeAll(async () => void (world = await makeKubernetesWorld()));
beforeEach(() => world.deploy('deployment'));
afterEach(() => expect(world.api.unexpected).toEqual([]));
afterAll(() => world.close());

const all: ActionType[] = ['restart_service', 'scale_up', 'rollback_deploy'];
const imageOf = (workload: Workload = 'deployment') =>
  world.api.get(pathOf(workload))['spec'].template.spec.containers[0].image as string;
const annotate = (annotations: Record<string, string>) => {
  const { metadata, ...rest } = world.api.get(pathOf('deployment'));
  world.api.put(pathOf('deployment'), {
    ...rest,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
  });
};

describe('a plan for a workload', () => {
  it.each(all)('%s: tries the exact change on the server, and stores nothing', async (type) => {
    expect(await world.plan(type)).toMatchObject({ ok: true, call: { class: 'idempotent' } });
    const tried = world.api.asked.filter(({ method }) => method === 'PATCH');
    expect(tried).toMatchObject([{ dryRun: true }]);
    expect(world.api.stored).toEqual([]);
  });

  it.each(all)('%s: is refused where it is paused, being deleted, or declared elsewhere', async (type) => {
    world.deploy('deployment', { spec: { paused: true } });
    expect(await world.plan(type)).toMatchObject({ ok: false, reason: expect.stringContaining('is paused') });
    world.deploy('deployment', { metadata: { deletionTimestamp: '2026-11-24T10:00:00Z' } });
    expect(await world.plan(type)).toMatchObject({ ok: false, reason: expect.stringContaining('being deleted') });
    for (const [owner, marks] of [
      ['Argo CD', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/api' } }],
      ['Argo CD', { labels: { 'argocd.argoproj.io/instance': 'shop' } }],
      ['Flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } }],
      ['Flux', { labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } }],
      ['Config Sync', { annotations: { 'configmanagement.gke.io/managed': 'enabled' } }],
    ] as const) {
      world.deploy('deployment', { metadata: marks });
      expect(await world.plan(type)).toMatchObject({
        ok: false,
        again: false,
        reason: expect.stringContaining(`${owner} owns deployment shop/api and would put it back`),
      });
    }
    expect(world.api.stored).toEqual([]);
  });

  it('may restart what is declared elsewhere, where the catalogue says so, and nothing else', async () => {
    world.deploy('deployment', { metadata: { labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } } });
    const target = world.target({ gitops: 'restart' });
    expect(await world.plan('restart_service', target)).toMatchObject({ ok: true });
    expect(await world.plan('scale_up', target)).toMatchObject({ ok: false });
    expect(await world.plan('rollback_deploy', target)).toMatchObject({ ok: false });
  });

  it('is refused where a controller of its own, or its strategy, would undo or ignore it', async () => {
    const ownerReferences = [{ kind: 'Shop', name: 'main', uid: 'u', controller: true }];
    world.deploy('deployment', { metadata: { ownerReferences } });
    expect(await world.plan('scale_up')).toMatchObject({ ok: false, reason: expect.stringContaining('Shop main') });
    const target = world.target({ workload: 'statefulset' });
    world.deploy('statefulset', { spec: { updateStrategy: { type: 'OnDelete' } } });
    expect(await world.plan('restart_service', target)).toMatchObject({ reason: expect.stringContaining('OnDelete') });
    world.deploy('statefulset', {
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
    });
    expect(await world.plan('rollback_deploy', target)).toMatchObject({ reason: expect.stringContaining('partition') });
    expect(await world.plan('scale_up', target)).toMatchObject({ ok: true });
  });

  it.each([
    ['restart_service', 'patch deployments'],
    ['rollback_deploy', 'list replicasets'],
    ['scale_up', 'patch deployments/scale'],
    ['scale_up', 'list horizontalpodautoscalers'],
    ['restart_service', 'get deployments'],
  ] as const)('%s: says in the words of the cluster that our role may not "%s"', async (type, denied) => {
    world.api.denied.add(denied);
    const [verb, resource] = denied.split(' ') as [string, string];
    expect(await world.plan(type)).toMatchObject({
      ok: false,
      again: false,
      reason: expect.stringMatching(
        `answered 403: .*"system:serviceaccount:nightshift:executor" cannot ${verb} resource "${resource}"`,
      ),
    });
  });

  it('tells what will not pass from what may', async () => {
    expect(await world.plan('restart_service', world.target({ name: 'nobody' }))).toMatchObject({
      again: false,
      reason: expect.stringContaining('answered 404: deployments "nobody" not found'),
    });
    expect(await world.plan('restart_service', world.target({ kubeconfigEnv: 'OTHER' }))).toMatchObject({
      again: false,
      reason: 'OTHER is not set',
    });
    expect(await world.plan('restart_service', world.target({ context: 'there' }))).toMatchObject({
      again: false,
      reason: expect.stringContaining('no whole context there'),
    });
    await world.writeConfig('wrong-token');
    expect(await world.plan('restart_service')).toMatchObject({ again: false, reason: expect.stringContaining('401') });
    await world.writeConfig(world.api.token);
  });

  it('can be examined without an incident, also for a rollback, and changes nothing', async () => {
    const could = () => kubernetesProvider.couldRollBack!(world.request('rollback_deploy', world.target()));
    expect(await could()).toMatchObject({ ok: true });
    world.api.denied.add('list replicasets');
    expect(await could()).toMatchObject({ ok: false, reason: expect.stringContaining('403') });
    expect(world.api.stored).toEqual([]);
  });
});

describe.each(['deployment', 'statefulset', 'daemonset'] as const)('a %s', (workload) => {
  const target = () => world.target({ workload });
  beforeEach(() => world.deploy(workload));

  it('is restarted once per key, by a changed annotation of its pods', async () => {
    const action = await world.planned('restart_service', target());
    expect(await world.send(action, target())).toEqual({
      outcome: 'succeeded',
      detail: `${workload} shop/api is being restarted`,
    });
    const { annotations } = world.api.get(pathOf(workload))['spec'].template.metadata;
    expect(annotations).toMatchObject({ 'nightshift.io/restarted-by': 'act-1' });
    expect(Date.parse(annotations['kubectl.kubernetes.io/restartedAt'])).toBeGreaterThan(Date.now() - 60_000);
    expect(await world.send(action, target())).toMatchObject({
      outcome: 'succeeded',
      detail: expect.stringContaining('had been applied before'),
    });
    expect(world.api.stored).toHaveLength(1);
    expect(await world.send(action, target(), 'act-2')).toMatchObject({ outcome: 'refused' });
  });

  it('defect 45: is rolled back from one exact revision to another; a repeat does not undo it', async () => {
    const action = await world.planned('rollback_deploy', target());
    expect(action.params).toMatchObject({ from: 'v2', to: 'v1', fromRevision: 2, toRevision: 1, revision: 'api-1' });
    expect(await world.send(action, target())).toMatchObject({ outcome: 'succeeded' });
    expect(imageOf(workload)).toBe('shop/api:v1');
    const { template } = world.api.get(pathOf(workload))['spec'];
    expect(template.spec.containers).toEqual([{ name: 'api', image: 'shop/api:v1', unheardOf: { of: 'v1' } }]);
    expect(template.metadata.labels).toEqual({ app: 'api' });
    expect(await world.send(action, target())).toMatchObject({
      outcome: 'succeeded',
      detail: expect.stringContaining('already'),
    });
    expect(imageOf(workload)).toBe('shop/api:v1');
    expect(world.api.stored).toHaveLength(1);
  });
});

describe('what happens between plan and change', () => {
  it('a status that changes meanwhile costs a reading, not the action', async () => {
    const action = await world.planned('restart_service');
    world.api.meanwhile.push(() => annotate({ seen: 'by somebody' }));
    expect(await world.send(action)).toMatchObject({ outcome: 'succeeded' });
    expect(world.api.asked.filter(({ method, dryRun }) => method === 'PATCH' && !dryRun)).toHaveLength(2);
    expect(world.api.stored).toHaveLength(1);
  });

  it.each(all)('%s: what somebody else deployed, paused or took over meanwhile stays as it is', async (type) => {
    const action = await world.planned(type);
    if (type !== 'scale_up') {
      const { spec, ...rest } = world.api.get(pathOf('deployment'));
      const template = structuredClone(spec.template);
      template.spec.containers[0].image = 'shop/api:v3';
      world.api.meanwhile.push(() => world.api.put(pathOf('deployment'), { ...rest, spec: { ...spec, template } }));
      expect(await world.send(action)).toMatchObject({ outcome: 'refused' });
      expect(imageOf()).toBe('shop/api:v3');
    }
    annotate({ 'argocd.argoproj.io/tracking-id': 'x' });
    expect(await world.send(action)).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('Argo CD') });
    world.deploy('deployment', { metadata: { uid: 'made anew' } });
    expect(await world.send(action)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('made anew'),
    });
    expect(world.api.stored).toEqual([]);
  });

  it('gives up where somebody is quicker each time, and says that it was not done', async () => {
    const action = await world.planned('restart_service');
    for (let i = 0; i < 5; i++) world.api.tricks.push({ status: 409, message: 'the object has been modified' });
    expect(await world.send(action)).toMatchObject({ outcome: 'failed', again: true });
  });

  it('judges answers: refused, not now, not known', async () => {
    const action = await world.planned('restart_service');
    const answer = async (status: number) => (
      world.api.tricks.push({ status, message: 'said so' }),
      world.send(action)
    );
    expect(await answer(403)).toEqual({ outcome: 'refused', detail: 'the cluster answered 403: said so' });
    expect(await answer(422)).toMatchObject({ outcome: 'refused' });
    expect(await answer(429)).toMatchObject({ outcome: 'failed', again: true });
    expect(await answer(500)).toMatchObject({ outcome: 'uncertain' });
    expect(world.api.stored).toEqual([]);
    world.api.tricks.push('hang_up_after');
    expect(await world.send(action)).toMatchObject({ outcome: 'uncertain' });
    expect(await world.send(action)).toMatchObject({ outcome: 'succeeded' });
    expect(world.api.stored).toHaveLength(1);
  });

  it('sends nothing once its time is over, and never keeps a secret', async () => {
    const action = await world.planned('restart_service');
    const late = await world.send(action, world.target(), 'act-1', AbortSignal.abort());
    expect(late).toEqual({ outcome: 'uncertain', detail: 'no answer in time' });
    expect(world.api.stored).toEqual([]);
    world.api.tricks.push({ status: 403, message: 'no' });
    const answers = [action, await world.send(action), await world.plan('scale_up'), late];
    expect(JSON.stringify(answers)).not.toContain('canary');
  });
});

describe('a rollback', () => {
  it('is refused where the deployed version is not the one that runs, or the one before is not kept', async () => {
    world.api.put(pathOf('deployment'), {
      ...world.api.get(pathOf('deployment')),
      spec: {
        ...world.api.get(pathOf('deployment'))['spec'],
        template: {
          metadata: { labels: { app: 'api' } },
          spec: { containers: [{ name: 'api', image: 'shop/api:v9' }] },
        },
      },
    });
    expect(await world.plan('rollback_deploy')).toMatchObject({
      ok: false,
      again: false,
      reason: expect.stringContaining('is at revision 3 (v9), not at the deployed v2'),
    });
    world.deploy('deployment');
    world.api.objects.delete('/apis/apps/v1/namespaces/shop/replicasets/api-1');
    expect(await world.plan('rollback_deploy')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('keeps no revision of v1, only revision 2 (v2)'),
    });
  });

  it('brings back the annotations of its revision, and keeps those of the Deployment', async () => {
    const action = await world.planned('rollback_deploy');
    const keptBefore = world.api.get(pathOf('deployment')).metadata.annotations;
    expect(await world.send(action)).toMatchObject({ outcome: 'succeeded' });
    const body = world.api.stored[0]!.body as { path: string; value: unknown }[];
    expect(body.map(({ path }) => path)).toEqual([
      '/metadata/resourceVersion',
      '/spec/template',
      '/metadata/annotations',
    ]);
    expect(body[2]!.value).toEqual({
      'deployment.kubernetes.io/revision': keptBefore['deployment.kubernetes.io/revision'],
    });
  });
});
