/** Every provider through choice, plan, ledger and effect, with secrets that must be found nowhere afterwards. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { moveClock } from '@nightshift/db';
import { findIncident } from '@nightshift/lifecycle';
import type { Logger } from '@nightshift/runtime';
import { everyRow, insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import type { ActionType } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examineActions } from './examine.ts';
import { providers } from './providers/registry.ts';
import { startGithubApi, type GithubApi } from './testing/github-api.ts';
import { makeKubernetesWorld, pathOf, type KubernetesWorld } from './testing/kubernetes-world.ts';
import { deliver, ledger, makeWorld, openIncident, type ServiceInput } from './testing/world.ts';

let test: TestDatabase;
let cluster: KubernetesWorld;
let github: GithubApi;
beforeAll(async () => {
  [test, cluster, github] = await Promise.all([testDatabase(), makeKubernetesWorld(), startGithubApi()]);
  cluster.deploy('deployment');
});
afterAll(() => Promise.all([test.close(), cluster.close(), github.close(), rm(dirname(keyFile), { recursive: true })]));

type TargetInput = NonNullable<ServiceInput['targets']>[number];
type Case = { target: TargetInput; action: ActionType; env(): Record<string, string>; ends: 'verifying' | 'escalated' };

/** No key, but what stands in its place must be shown to nobody. */
const keyFile = join(await mkdtemp(join(tmpdir(), 'nightshift-secrets-')), 'key');
await writeFile(keyFile, 'canary-key');

/** Nobody listens there, and whoever shows the address shows a password. */
const nobody = (scheme: string) => `${scheme}://canary-user:canary-password@127.0.0.1:1/`;
const elsewhere = { urlEnv: 'ADDRESS', actions: [] };
const cases: Case[] = [
  {
    target: { id: 'it', kind: 'kubernetes', kubeconfigEnv: 'KUBECONFIG', namespace: 'shop', name: 'api' },
    action: 'restart_service',
    env: () => ({ KUBECONFIG: cluster.env.SHOP_KUBECONFIG }),
    ends: 'verifying',
  },
  {
    target: {
      id: 'it',
      kind: 'github',
      repository: 'acme/shop',
      workflow: 'restart.yml',
      everySeconds: 0.1,
      tokenEnv: 'TOKEN',
      apiUrlEnv: 'ADDRESS',
      allowPrivate: true,
    },
    action: 'restart_service',
    env: () => ({ ADDRESS: github.url, TOKEN: github.token }),
    ends: 'verifying',
  },
  {
    target: { id: 'it', kind: 'process', tokenEnv: 'TOKEN', process: 'api', ...elsewhere },
    action: 'restart_service',
    env: () => ({ ADDRESS: nobody('http'), TOKEN: 'canary-token' }),
    ends: 'escalated',
  },
  {
    target: { id: 'it', kind: 'docker', container: 'api', ...elsewhere },
    action: 'restart_service',
    env: () => ({ ADDRESS: nobody('http') }),
    ends: 'escalated',
  },
  {
    target: { id: 'it', kind: 'http', secretEnv: 'TOKEN', allowPrivate: true, ...elsewhere },
    action: 'restart_service',
    env: () => ({ ADDRESS: nobody('http'), TOKEN: 'canary-token' }),
    ends: 'escalated',
  },
  {
    target: { id: 'it', kind: 'redis', clearPrefixes: ['cache:q:'], ...elsewhere },
    action: 'clear_cache',
    env: () => ({ ADDRESS: nobody('redis') }),
    ends: 'escalated',
  },
  {
    target: { id: 'it', kind: 'bullmq', queue: 'letters', ...elsewhere },
    action: 'drain_queue',
    env: () => ({ ADDRESS: nobody('redis') }),
    ends: 'escalated',
  },
  {
    target: {
      id: 'it',
      kind: 'host',
      ssh: {
        host: '127.0.0.1',
        port: 1,
        user: 'nightshift',
        keyFileEnv: 'KEY_FILE',
        hostKey: `SHA256:${'A'.repeat(43)}`,
      },
      unit: 'shop-api.service',
    },
    action: 'restart_service',
    env: () => ({ KEY_FILE: keyFile }),
    ends: 'escalated',
  },
];

it('is asked of every provider that is given a secret: only a folder of this machine needs none', () => {
  const kinds = Object.keys(providers).filter((kind) => kind !== 'disk');
  expect(cases.map(({ target }) => target.kind).sort()).toEqual(kinds.sort());
});

describe.each(cases)('$target.kind', ({ target, action, env, ends }) => {
  const service = `shop-${target.kind}`;
  const services: ServiceInput[] = [
    { name: service, targets: [{ ...target, id: service, actions: [action] } as TargetInput] },
  ];

  it('acts, or says why not, and leaves no secret in the database, its jobs or the log', async () => {
    const lines: unknown[] = [];
    const write = (...line: unknown[]) => void lines.push(line);
    const log = { debug: write, info: write, warn: write, error: write } as unknown as Logger;
    const runbooks = [
      {
        id: service,
        mode: 'auto' as const,
        match: { type: 'service_down' as const },
        steps: [{ action, maxRetries: 0 }],
      },
    ];
    const world = { ...makeWorld({ db: test.db, services, runbooks, env: env() }), log };
    const id = await openIncident({ insertIncident, insertOwed }, test.db, { service });
    await deliver(world, id);
    if ((await findIncident(test.db, id))!.state === 'deciding') {
      await moveClock(test.db, 40_000); // the target could not be asked, and there is no time left to ask again
      await deliver(world, id);
    }
    const known = await ledger(test.db, id);
    expect((await findIncident(test.db, id))!.state, JSON.stringify(known)).toBe(ends);
    expect(JSON.stringify([lines, known])).not.toContain('canary');
    const rows = await everyRow(test.db);
    expect(rows).toContain(service);
    expect(rows).not.toContain('canary');
  });

  it('tells the doctor whether it could act, without acting and without a secret', async () => {
    const before = [cluster.api.stored.length, github.dispatched.length];
    const catalogue = makeWorld({ db: test.db, services, runbooks: [] }).catalogue();
    const [examined] = await examineActions(catalogue, env());
    // Whether anybody listens, http and redis learn only when they send.
    expect(examined!.ok, examined!.found).toBe(
      ends === 'verifying' || target.kind === 'http' || target.kind === 'redis',
    );
    expect(examined!.found).not.toContain('canary');
    expect((await examineActions(catalogue, {}))[0]).toMatchObject({
      ok: false,
      found: expect.stringContaining('is not set'),
    });
    expect([cluster.api.stored.length, github.dispatched.length]).toEqual(before);
  });
});

it('really acted where somebody listened', () => {
  expect(cluster.api.stored).toMatchObject([{ path: pathOf('deployment') }]);
  expect(github.dispatched).toHaveLength(1);
  expect([...cluster.api.unexpected, ...github.unexpected]).toEqual([]);
});

it('says to the doctor what our role may not do', async () => {
  cluster.api.denied.add('patch deployments');
  const target: TargetInput = {
    id: 'it',
    kind: 'kubernetes',
    kubeconfigEnv: 'KUBECONFIG',
    namespace: 'shop',
    name: 'api',
    actions: ['restart_service', 'rollback_deploy'],
  };
  const { catalogue } = makeWorld({ db: test.db, services: [{ name: 'shop', targets: [target] }], runbooks: [] });
  for (const { ok, found } of await examineActions(catalogue(), { KUBECONFIG: cluster.env.SHOP_KUBECONFIG }))
    expect({ ok, found }).toMatchObject({
      ok: false,
      found: expect.stringContaining('cannot patch resource "deployments"'),
    });
});
