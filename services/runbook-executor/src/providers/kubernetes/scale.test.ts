import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { autoscalerPath, makeKubernetesWorld, pathOf, type KubernetesWorld } from '../../testing/kubernetes-world.ts';

let world: KubernetesWorld;
beforeAll(async () => void (world = await makeKubernetesWorld()));
beforeEach(() => world.deploy('deployment'));
afterEach(() => expect(world.api.unexpected).toEqual([]));
afterAll(() => world.close());

const replicas = () => world.api.get(pathOf('deployment'))['spec'].replicas as number;

describe('scaling a workload', () => {
  it('is absolute: a repeat adds nothing, and what somebody else added since stays', async () => {
    const action = await world.planned('scale_up', world.target(), { add: 2 });
    expect(action).toMatchObject({ params: { replicas: 4 }, precondition: { replicas: 2 }, class: 'idempotent' });
    expect(await world.send(action)).toMatchObject({ outcome: 'succeeded' });
    expect(await world.send(action)).toMatchObject({
      outcome: 'succeeded',
      detail: expect.stringContaining('already'),
    });
    expect([replicas(), world.api.stored.length]).toEqual([4, 1]);
    world.api.put(pathOf('deployment'), {
      ...world.api.get(pathOf('deployment')),
      spec: { ...world.api.get(pathOf('deployment'))['spec'], replicas: 6 },
    });
    expect(await world.send(action)).toMatchObject({ outcome: 'refused' });
    expect(replicas()).toBe(6);
  });

  it('takes nothing away that somebody else added between its look and its patch', async () => {
    const action = await world.planned('scale_up');
    world.api.meanwhile.push(() => {
      const { spec, ...rest } = world.api.get(pathOf('deployment'));
      world.api.put(pathOf('deployment'), { ...rest, spec: { ...spec, replicas: 6 } });
    });
    expect(await world.send(action)).toMatchObject({ outcome: 'refused' });
    expect([replicas(), world.api.stored]).toEqual([6, []]);
    const target = world.target({ autoscaler: 'raise_min', instances: { min: 1, max: 9 } });
    world.autoscale(2, 9);
    const raise = await world.planned('scale_up', target);
    world.api.meanwhile.push(() => world.autoscale(8, 9));
    expect(await world.send(raise, target)).toMatchObject({ outcome: 'refused' });
    expect(world.api.get(autoscalerPath)['spec'].minReplicas).toBe(8);
  });

  it('goes through the scale subresource, for StatefulSets too, and not for DaemonSets', async () => {
    world.deploy('statefulset');
    const target = world.target({ workload: 'statefulset' });
    expect(await world.send(await world.planned('scale_up', target), target)).toMatchObject({ outcome: 'succeeded' });
    expect(world.api.stored).toMatchObject([{ path: `${pathOf('statefulset')}/scale` }]);
    world.deploy('daemonset');
    expect(await world.plan('scale_up', world.target({ workload: 'daemonset' }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('one on each node'),
    });
  });

  it('stays inside what the catalogue and the limits allow', async () => {
    const few = world.target({ instances: { min: 1, max: 2 } });
    expect(await world.plan('scale_up', few)).toMatchObject({ ok: false, reason: expect.stringContaining('1 to 2') });
    expect(await world.plan('scale_up', world.target(), { replicas: 9 })).toMatchObject({ ok: false });
    expect(await world.plan('scale_up', world.target(), { replicas: 1 })).toMatchObject({ ok: false });
  });
});

describe('where an autoscaler owns the replicas', () => {
  const raising = () => world.target({ autoscaler: 'raise_min' });

  it('is refused by default, and says why and what would allow it', async () => {
    world.autoscale(2, 6);
    expect(await world.plan('scale_up')).toMatchObject({
      ok: false,
      again: false,
      reason: expect.stringMatching(/autoscaler api \(2 to 6\) owns its replicas.*"autoscaler: raise_min"/),
    });
  });

  it('raises its lower bound where the catalogue says so, in so many words, once', async () => {
    world.autoscale(2, 6);
    const action = await world.planned('scale_up', raising());
    expect(action).toMatchObject({
      params: { replicas: 3, autoscaler: 'api' },
      precondition: { replicas: 2, minReplicas: 2 },
      summary: expect.stringContaining('raising minReplicas of its autoscaler api from 2 to 3'),
      undo: 'set minReplicas of the autoscaler api back to 2',
    });
    expect(await world.send(action, raising())).toMatchObject({ outcome: 'succeeded' });
    expect(await world.send(action, raising())).toMatchObject({ outcome: 'succeeded' });
    expect(world.api.get(autoscalerPath)['spec']).toMatchObject({ minReplicas: 3, maxReplicas: 6 });
    expect(world.api.stored).toMatchObject([{ path: autoscalerPath }]);
    expect(replicas()).toBe(2);
  });

  it('never raises its upper bound, and leaves alone what somebody else declares', async () => {
    world.autoscale(2, 2);
    expect(await world.plan('scale_up', raising())).toMatchObject({
      reason: expect.stringContaining('is never raised'),
    });
    world.autoscale(2, 6, { ownerReferences: [{ kind: 'ScaledObject', name: 'api', uid: 'k', controller: true }] });
    expect(await world.plan('scale_up', raising())).toMatchObject({
      reason: expect.stringContaining('ScaledObject owns'),
    });
    world.autoscale(2, 6, { labels: { 'argocd.argoproj.io/instance': 'shop' } });
    expect(await world.plan('scale_up', raising())).toMatchObject({ reason: expect.stringContaining('Argo CD owns') });
  });

  it('is not fooled by one that came, went or changed after the plan', async () => {
    const plain = await world.planned('scale_up');
    world.autoscale(2, 6);
    expect(await world.send(plain)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('autoscaler api'),
    });
    const raised = await world.planned('scale_up', raising());
    world.autoscale(4, 6);
    expect(await world.send(raised, raising())).toMatchObject({ outcome: 'refused' });
    world.api.objects.delete(autoscalerPath);
    expect(await world.send(raised, raising())).toMatchObject({ outcome: 'refused' });
    expect(world.api.stored).toEqual([]);
  });
});
