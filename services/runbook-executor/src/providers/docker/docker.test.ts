import { noDocker, startDocker, type TestDocker } from '@nightshift/testkit';
import { Catalogue, type ActionParams, type ActionType, type PlannedAction, type Target } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyOf } from './copy.ts';
import { dockerProvider } from './docker.ts';
import type { Container } from './engine.ts';

type DockerTarget = Extract<Target, { kind: 'docker' }>;
function targetWith(more: object = {}): DockerTarget {
  const actions = ['restart_service', 'scale_up', 'rollback_deploy'];
  const entry = {
    id: 'api',
    kind: 'docker',
    urlEnv: 'ENGINE',
    container: 'api',
    label: 'service=api',
    actions,
    ...more,
  };
  const { services } = Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets: [entry] }] });
  return services[0]!.targets[0] as DockerTarget;
}
const request = (type: ActionType, url: string, target = targetWith(), params: ActionParams = {}) => ({
  target,
  type,
  params: type === 'scale_up' && Object.keys(params).length === 0 ? { add: 1 } : params,
  rollback: type === 'rollback_deploy' ? { deploymentId: 'dep-2', from: 'v2', to: 'v1', deployedAt: 1 } : null,
  env: { ENGINE: url },
  signal: AbortSignal.timeout(20_000),
});

it('says which address is missing or wrong, and that nobody is there', async () => {
  const plan = (url: string) => dockerProvider.plan(request('restart_service', url));
  expect(await plan('')).toEqual({ ok: false, again: false, reason: 'ENGINE is not set' });
  expect(await plan('tcp://user:canary@host')).toEqual({
    ok: false,
    again: false,
    reason: 'ENGINE must hold unix:///path or http(s)://host:port',
  });
  expect(await plan('unix:///no/such.sock')).toMatchObject({ ok: false, again: true });
});

it('copies what is the container’s own, and leaves to the new image what came with the old one', () => {
  const container = {
    Id: '0123456789abcdef',
    Config: {
      Hostname: '0123456789ab',
      Env: ['PATH=/bin', 'MODE=shop'],
      Cmd: ['serve'],
      User: 'shop',
      Image: 'shop/api:v2',
      Labels: { a: 'image', service: 'api' },
    },
    HostConfig: { Memory: 64, Binds: ['/etc/shop:/etc/shop:ro'] },
    Mounts: [
      { Type: 'volume', Name: 'anonymous', Destination: '/data', RW: true },
      { Type: 'bind', Destination: '/etc/shop' },
    ],
    NetworkSettings: { Networks: { bridge: {}, shop: { Aliases: ['api', '0123456789ab'], IPAddress: '10.0.0.2' } } },
  } as unknown as Container;
  const image = { Config: { Env: ['PATH=/bin'], Cmd: ['serve'], Labels: { a: 'image' } } } as never;
  expect(JSON.parse(JSON.stringify(copyOf(container, image, 'shop/api:v1', 'act-1')))).toEqual({
    Env: ['MODE=shop'],
    User: 'shop',
    Image: 'shop/api:v1',
    Labels: { service: 'api', 'nightshift.io/action': 'act-1' },
    HostConfig: { Memory: 64, Binds: ['/etc/shop:/etc/shop:ro', 'anonymous:/data'] },
    NetworkingConfig: { EndpointsConfig: { shop: { Aliases: ['api'] } } },
  });
});

describe('on a real engine', () => {
  let engine: TestDocker;
  const images: Record<string, string> = {};
  let missing = noDocker();
  beforeAll(async () => {
    if (missing) return;
    const started = await startDocker();
    if (!started) return void (missing = 'no Docker engine can run here');
    engine = started;
    for (const version of ['v1', 'v2']) images[version] = await engine.image(`shop/api:${version}`, ['sleep', '300']);
    images['broken'] = await engine.image('shop/api:broken', ['/no/such/program']);
  }, 60_000);
  afterAll(() => engine?.close());
  beforeEach(async ({ skip }) => {
    if (missing) return skip(missing);
    const old = await engine.docker('ps', '--all', '--quiet');
    if (old !== '') await engine.docker('rm', '--force', '--volumes', ...old.split('\n'));
    await run('api', 'v2');
  });

  const run = (name: string, version: string, ...options: string[]) =>
    engine.docker(
      'run',
      '--detach',
      '--name',
      name,
      '--init',
      '--label',
      'service=api',
      '--env',
      'MODE=shop',
      ...options,
      `shop/api:${version}`,
    );
  const inspect = async (name: string, format: string) => engine.docker('inspect', '--format', format, name);
  const names = async (...filters: string[]) =>
    (await engine.docker('ps', '--format', '{{.Names}}', ...filters.flatMap((each) => ['--filter', each])))
      .split('\n')
      .sort();
  const plan = (type: ActionType, target = targetWith(), params?: ActionParams) =>
    dockerProvider.plan(request(type, engine.url, target, params));
  async function planned(type: ActionType, target = targetWith(), params?: ActionParams): Promise<PlannedAction> {
    const result = await plan(type, target, params);
    if (!result.ok) throw new Error(result.reason);
    return { step: 0, type, target: 'api', provider: 'docker', timeoutMs: 3_000, maxRetries: 0, ...result.call };
  }
  const sending = (
    action: PlannedAction,
    key = 'act-1',
    signal = AbortSignal.timeout(20_000),
    target = targetWith(),
  ) => ({
    target,
    key,
    incidentId: 'inc-1',
    action,
    env: { ENGINE: engine.url },
    signal,
  });
  const send = (...given: Parameters<typeof sending>) => dockerProvider.send(sending(...given));

  it('restarts a container once, and can be asked whether it did', async () => {
    const action = await planned('restart_service');
    expect(action.class).toBe('probe');
    expect(await dockerProvider.probe!(sending(action))).toBe('not_done');
    expect(await send(action)).toEqual({ outcome: 'succeeded', detail: 'api runs again' });
    const startedAt = await inspect('api', '{{.State.StartedAt}}');
    expect(startedAt).not.toBe(action.precondition['startedAt']);
    expect(await dockerProvider.probe!(sending(action))).toBe('done');
    expect(await send(action)).toMatchObject({ outcome: 'refused', detail: expect.stringContaining('started again') });
    expect(await inspect('api', '{{.State.StartedAt}}')).toBe(startedAt);
  });

  it('defect 45: rolls back to the image of the version before, once, and keeps the old container', async () => {
    expect(await dockerProvider.couldRollBack!(request('rollback_deploy', engine.url))).toMatchObject({ ok: true });
    const action = await planned('rollback_deploy');
    expect(action.precondition).toMatchObject({ image: images['v2'], toImage: images['v1'] });
    const old = await inspect('api', '{{.Id}}');
    for (let i = 0; i < 3; i++) expect(await send(action), `attempt ${i + 1}`).toMatchObject({ outcome: 'succeeded' });
    expect(
      await inspect('api', '{{.Image}} {{.Config.Image}} {{.State.Running}} {{.Config.Env}} {{.HostConfig.Init}}'),
    ).toMatch(new RegExp(`^${images['v1']} shop/api:v1 true \\[MODE=shop\\b.*\\] true$`));
    expect(await names('label=service=api')).toEqual(['api']);
    expect(await inspect('api-before-act-1', '{{.Id}} {{.State.Running}}')).toBe(`${old} false`);
    expect(await plan('rollback_deploy')).toMatchObject({ ok: false, reason: 'api runs v1, not the deployed v2' });
  });

  it('goes on with a rollback from wherever an attempt before it ended', async () => {
    const action = await planned('rollback_deploy');
    const half = [
      ['stop', '--time', '0', 'api'],
      ['rename', 'api', 'api-before-act-1'],
    ];
    for (const [i] of [...half, []].entries()) {
      const now = await engine.docker('ps', '--all', '--quiet');
      await engine.docker('rm', '--force', ...now.split('\n'));
      await run('api', 'v2');
      const again = { ...action, precondition: { ...action.precondition, container: await inspect('api', '{{.Id}}') } };
      for (const step of half.slice(0, i)) await engine.docker(...step);
      expect(await send(again), `after ${i} steps`).toMatchObject({ outcome: 'succeeded' });
      expect(await inspect('api', '{{.Config.Image}} {{.State.Running}}')).toBe('shop/api:v1 true');
    }
  });

  it('brings the old container back where the new one does not start', async () => {
    await engine.docker('rm', '--force', 'api');
    // Not by `run`: its --init would start whatever becomes of the program.
    await engine.docker('run', '--detach', '--name', 'api', '--restart', 'always', 'shop/api:v2');
    const action = await planned('rollback_deploy');
    const broken = {
      ...action,
      params: { ...action.params, image: 'shop/api:broken' },
      precondition: { ...action.precondition, toImage: images['broken']! },
    };
    expect(await send(broken)).toMatchObject({
      outcome: 'failed',
      again: false,
      detail: expect.stringContaining('/no/such/program'),
    });
    expect(await inspect('api', '{{.Image}} {{.State.Running}} {{.HostConfig.RestartPolicy.Name}}')).toBe(
      `${images['v2']} true always`,
    );
  });

  it('keeps its networks and what it is called there, rolled back or copied', async () => {
    for (const name of ['front', 'back']) await engine.docker('network', 'create', '--internal', name);
    await engine.docker('rm', '--force', 'api');
    await run('api', 'v2', '--network', 'front', '--network-alias', 'shop');
    await engine.docker('network', 'connect', '--alias', 'shop-behind', 'back', 'api');
    for (const type of ['rollback_deploy', 'scale_up'] as const)
      expect(await send(await planned(type), `act-${type}`)).toMatchObject({ outcome: 'succeeded' });
    for (const name of ['api', 'api-act-scale_up-1']) {
      const networks = JSON.parse(await inspect(name, '{{json .NetworkSettings.Networks}}')) as Record<string, unknown>;
      expect(networks).toMatchObject({
        front: { Aliases: expect.arrayContaining(['shop']) },
        back: { Aliases: expect.arrayContaining(['shop-behind']) },
      });
    }
  });

  it('is refused where the image moved, the container changed, or the version is not there', async () => {
    const action = await planned('rollback_deploy');
    const moved = { ...action, precondition: { ...action.precondition, toImage: images['broken']! } };
    expect(await send(moved)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('is another image'),
    });
    expect(await inspect('api', '{{.Image}} {{.State.Running}}')).toBe(`${images['v2']} true`);
    await engine.docker('rm', '--force', 'api');
    expect(await send(action, 'act-2')).toMatchObject({ outcome: 'refused' });
    await run('api', 'v2');
    expect(
      await send(await planned('restart_service').then((it) => ({ ...it, precondition: action.precondition }))),
    ).toMatchObject({ outcome: 'refused' });
    const way = { deploymentId: 'dep-2', from: 'v2', to: 'v0', deployedAt: 1 };
    expect(await dockerProvider.plan({ ...request('rollback_deploy', engine.url), rollback: way })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('0 images shop/api of version v0'),
    });
  });

  it('scales a labelled service to an absolute number, each container once', async () => {
    const action = await planned('scale_up', targetWith(), { add: 2 });
    expect(action).toMatchObject({ class: 'idempotent', params: { replicas: 3 }, precondition: { replicas: 1 } });
    for (const result of await Promise.all([send(action), send(action)]))
      expect(['succeeded', 'failed, again']).toContain(
        result.outcome === 'failed' && result.again ? 'failed, again' : result.outcome,
      );
    expect(await send(action)).toMatchObject({ outcome: 'succeeded' });
    expect(await names('label=service=api')).toEqual(['api', 'api-act-1-1', 'api-act-1-2']);
    expect(await inspect('api-act-1-2', '{{.Image}} {{.Config.Env}}')).toContain(`${images['v2']} [MODE=shop`);
    expect(await send(action, 'act-2')).toMatchObject({ outcome: 'refused' });
    expect(await plan('scale_up', targetWith({ instances: { min: 1, max: 3 } }))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('1 to 3'),
    });
  });

  it('does not scale what could not run twice, or is not labelled', async () => {
    expect(await plan('scale_up', targetWith({ label: 'service=other' }))).toMatchObject({
      reason: 'api does not bear the label service=other',
    });
    expect(await plan('scale_up', targetWith({ label: undefined }))).toMatchObject({
      reason: expect.stringContaining('names no label'),
    });
    await engine.docker('rm', '--force', 'api');
    await engine.docker('create', '--name', 'api', '--label', 'service=api', '--publish', '8080:80', 'shop/api:v2');
    expect(await plan('scale_up')).toMatchObject({ reason: expect.stringContaining('publishes port 8080') });
  });

  it('leaves alone what is paused, and what Swarm would put back', async () => {
    await engine.docker('pause', 'api');
    expect(await plan('restart_service')).toMatchObject({ ok: false, reason: expect.stringContaining('is paused') });
    await engine.docker('rm', '--force', 'api');
    expect(await plan('restart_service')).toMatchObject({ ok: false, reason: 'there is no container api' });
    await run('api', 'v2', '--label', 'com.docker.swarm.service.id=x');
    expect(await plan('rollback_deploy')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('Swarm owns api'),
    });
  });

  it('ends with its signal', async () => {
    const action = await planned('restart_service');
    expect(await send(action, 'act-1', AbortSignal.abort())).toMatchObject({ outcome: 'uncertain' });
    expect(await dockerProvider.probe!(sending(action))).toBe('not_done');
  });
});
