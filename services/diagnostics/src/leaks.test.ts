/** A thousand runs of each check that hang leave as many descriptors and connections as none; and no secret comes out anywhere. */
import { generateKeyPairSync } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { openDb, type Db } from '@nightshift/db';
import { runStage, timeline } from '@nightshift/lifecycle';
import { openMachines } from '@nightshift/ssh';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Catalogue, type DiagnosticResult } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Check, Subject } from './check.ts';
import { checks } from './checks/index.ts';
import { openDatabases } from './databases.ts';
import { diagnose } from './handlers/diagnose.ts';
import { runChecks } from './run-checks.ts';
import { blackHoledPort, context, silentServer } from './stand-ins.ts';

const never = new AbortController().signal;
const catalogue = (targets: object[], more: object = {}) =>
  Catalogue.parse({ schema: 1, services: [{ name: 'shop', targets, ...more }] });

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

type Nobody = Awaited<ReturnType<typeof nobodyAnswers>>;

/** Whatever is asked here, nobody answers: a server that says nothing, a port that drops, a name server, locked tables. */
async function nobodyAnswers() {
  const [silent, hole, nameServer] = [await silentServer(), await blackHoledPort(), createSocket('udp4')];
  nameServer.bind(0, '127.0.0.1');
  await once(nameServer, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-leaks-'));
  const at = `127.0.0.1:${silent.port}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(join(folder, 'key'), privateKey.export({ type: 'pkcs1', format: 'pem' }));
  const named = {
    clusters: [{ name: 'x', cluster: { server: `http://${at}` } }],
    users: [{ name: 'x', user: { token: 't' } }],
  };
  const contexts = [{ name: 'x', context: { cluster: 'x', user: 'x' } }];
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', ...named, contexts, 'current-context': 'x' };
  await writeFile(join(folder, 'kubeconfig'), JSON.stringify(kubeconfig));
  let unlock = () => {};
  const unlocked = new Promise<void>((resolve) => (unlock = resolve));
  let transaction = Promise.resolve();
  await new Promise<void>((locked) => {
    transaction = test.db.tx(async (tx) => {
      await tx.query('SET LOCAL idle_in_transaction_session_timeout = 0');
      await tx.query('LOCK TABLE incident, deployment, action IN ACCESS EXCLUSIVE MODE');
      locked();
      await unlocked;
    });
  });
  return {
    silent,
    nameServer: `127.0.0.1:${nameServer.address().port}`,
    env: {
      HTTP: `http://${at}`,
      TCP: `tcp://127.0.0.1:${hole.port}`,
      TLS: `tls://${at}`,
      REDIS: `redis://${at}`,
      POSTGRES: `postgres://a:b@${at}/x`,
      KUBECONFIG: join(folder, 'kubeconfig'),
      KEY: join(folder, 'key'),
    },
    async close() {
      unlock();
      await transaction;
      nameServer.close();
      await Promise.all([silent.close(), hole.close(), rm(folder, { recursive: true })]);
    },
  };
}

const targetOf = (target: object) => (): Subject => catalogue([{ id: 't', ...target }]).services[0]!.targets[0]!;
const service = (): Subject => {
  const [bank] = Catalogue.parse({ schema: 1, services: [{ name: 'bank' }] }).services;
  return { kind: 'service', id: 'shop', inCatalogue: true, dependencies: [{ service: bank!, distance: 1 }] };
};
const own = (check: object) => (): Subject => {
  const { services } = catalogue([], { checks: [{ id: 'own', title: 'x', facts: {}, ...check }] });
  return { kind: 'custom', id: 'shop', custom: services[0]!.checks[0]! };
};
const sleep = ['/usr/bin/sleep', '60'];
const ssh = (port: number) => ({
  ssh: { host: '127.0.0.1', port, user: 'x', keyFileEnv: 'KEY', hostKey: `SHA256:${'A'.repeat(43)}` },
});

/** Each check, and what it looks at in vain. */
const inVain: [Check['id'][], string, (nobody: Nobody) => Subject][] = [
  [
    ['database_connections', 'database_locks', 'database_replication', 'database_size'],
    'a server that says nothing',
    targetOf({ kind: 'postgres', urlEnv: 'POSTGRES' }),
  ],
  [['redis_health'], 'a server that says nothing', targetOf({ kind: 'redis', urlEnv: 'REDIS' })],
  [['queue_backlog'], 'a server that says nothing', targetOf({ kind: 'bullmq', urlEnv: 'REDIS', queue: 'mail' })],
  [['http_probe'], 'a server that says nothing', targetOf({ kind: 'http', urlEnv: 'HTTP', allowPrivate: true })],
  [['prometheus_query'], 'a server that says nothing', targetOf({ kind: 'prometheus', urlEnv: 'HTTP', query: 'up' })],
  [['tls_expiry'], 'a server that says nothing', targetOf({ kind: 'tls', urlEnv: 'TLS' })],
  [['docker_container'], 'a server that says nothing', targetOf({ kind: 'docker', urlEnv: 'HTTP', container: 'api' })],
  [
    ['kubernetes_workload'],
    'a server that says nothing',
    targetOf({ kind: 'kubernetes', kubeconfigEnv: 'KUBECONFIG', namespace: 'shop', name: 'api' }),
  ],
  [['custom'], 'a server that says nothing', own({ urlEnv: 'HTTP' })],
  [['tcp_probe'], 'a port that drops', targetOf({ kind: 'tcp', urlEnv: 'TCP' })],
  [
    ['dns_probe'],
    'a name server that says nothing',
    ({ nameServer }) => targetOf({ kind: 'dns', name: 'shop.invalid', server: nameServer })(),
  ],
  [['recent_deployments', 'recent_changes', 'dependency_health', 'similar_incidents'], 'a locked table', service],
  [['log_patterns'], 'a program that sleeps', targetOf({ kind: 'log', command: sleep })],
  [['custom'], 'a program that sleeps', own({ command: sleep })],
  [['host_pressure'], 'a machine that it has not looked at for long enough', targetOf({ kind: 'host' })],
  [
    ['disk_usage'],
    'SSH that says nothing',
    ({ silent }) => targetOf({ kind: 'disk', path: '/', ...ssh(silent.port) })(),
  ],
  [['host_pressure'], 'SSH that says nothing', ({ silent }) => targetOf({ kind: 'host', ...ssh(silent.port) })()],
];

describe('defect 19: a thousand runs in vain end at their deadline and leave nothing open (also defects 18, 20 and 42)', () => {
  const descriptors = async () => (await readdir('/proc/self/fd')).length;
  const machines = openMachines();
  let db: Db;
  let nobody: Nobody;
  beforeAll(async () => {
    db = openDb({ url: test.url, name: 'leaks', max: 8 });
    nobody = await nobodyAnswers();
  });
  afterAll(async () => {
    machines.close();
    await nobody.close();
    await db.close();
  });

  it('is told of every check', () => {
    expect(new Set(inVain.flatMap(([ids]) => ids))).toEqual(new Set(checks.map(({ id }) => id)));
  });

  it.each(inVain)('%s, of %s', async (ids, _what, subjectOf) => {
    const subject = subjectOf(nobody);
    const only = checks.filter((check) => ids.includes(check.id));
    const { env } = nobody;
    const commands = new Set(sleep.slice(0, 1));
    const databases = openDatabases(() => {});
    const surroundings = context({ subject, db, databases, machines, env, commands });
    const hundred = () =>
      Promise.all(
        Array.from({ length: 100 }, () =>
          runChecks({ checks: only, subjects: [subject], surroundings, deadlineMs: 40, signal: never }),
        ),
      );
    if (ids.includes('recent_changes')) await hundred(); // what is opened once stays open: the pool of Nightshift's own database
    const before = await descriptors();
    const found: DiagnosticResult[] = [];
    for (let runs = 0; runs < 1_000; runs += 100) found.push(...(await hundred()).flat());
    expect(found).toHaveLength(1_000 * ids.length);
    // Down is what it was seen to be, such as connected and silent.
    expect(found.filter(({ status }) => status !== 'unknown' && status !== 'down')).toEqual([]);
    await databases.close();
    await expect.poll(() => nobody.silent.open(), { timeout: 20_000 }).toBe(0);
    if (process.platform === 'linux') await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(before);
  });
});

describe('what a diagnosis says', () => {
  it('defect 27: a secret of an address, an answer or an error reaches neither the log nor the database', async () => {
    const canary = 'canary-7f3a';
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'x-secret': canary });
      response.end(
        JSON.stringify({
          status: 'degraded',
          facts: { hint: `password=${canary}`, url: `postgres://app:${canary}@db/x` },
          output: `Authorization: Bearer ${canary}-token token="${canary}" https://u:${canary}@host/ api_key=${canary}`,
        }),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const env = {
      DB: `postgres://app:${canary}@127.0.0.1:1/shop`,
      GONE: `redis://:${canary}@127.0.0.1:1`,
      WEB: `http://ada:${canary}@127.0.0.1:${port}/?token=${canary}`,
      DEAD: `http://ada:${canary}@127.0.0.1:1/?token=${canary}`,
      TOKEN: canary,
    };
    const known = catalogue(
      [
        { id: 'db', kind: 'postgres', urlEnv: 'DB' },
        { id: 'gone', kind: 'redis', urlEnv: 'GONE' },
        { id: 'jobs', kind: 'bullmq', urlEnv: 'GONE', queue: 'mail' },
        { id: 'web', kind: 'http', urlEnv: 'WEB', allowPrivate: true },
        { id: 'dead', kind: 'http', urlEnv: 'DEAD', allowPrivate: true },
        { id: 'prom', kind: 'prometheus', urlEnv: 'DEAD', tokenEnv: 'TOKEN', query: 'up' },
        { id: 'cert', kind: 'tls', urlEnv: 'DEAD' },
        { id: 'port', kind: 'tcp', urlEnv: 'DEAD' },
      ],
      {
        checks: [{ id: 'own', title: 'x', urlEnv: 'WEB', tokenEnv: 'TOKEN', facts: { hint: 'string', url: 'string' } }],
      },
    );
    const incidentId = await insertIncident(test.db, { service: 'shop' });
    await insertOwed(test.db, incidentId, 'diagnose');
    let logged = '';
    const sink = new Writable({ write: (chunk, _encoding, done) => ((logged += String(chunk)), done()) });
    const databases = openDatabases((error) =>
      sink.write(JSON.stringify({ message: error.message, stack: error.stack })),
    );
    const handler = diagnose({
      db: test.db,
      databases,
      catalogue: () => known,
      checks,
      env,
      machines: openMachines(),
      commands: new Set(),
      commandsThere: new Set(),
      deadlineMs: 5_000,
      suspectWindowMs: 1_800_000,
      settleMs: 0,
      observe: (result) => sink.write(JSON.stringify(result)),
    });
    await runStage(test.db, { v: 1, incidentId, stage: 'diagnose', generation: 1 }, never, handler);
    await databases.close();
    server.closeAllConnections();
    server.close();
    const rows = await test.db.query(`SELECT to_jsonb(d) AS row FROM diagnostic d WHERE incident_id = $1`, [
      incidentId,
    ]);
    const everything = JSON.stringify([rows, await timeline(test.db, incidentId), logged]);
    expect(rows.length).toBeGreaterThan(12);
    expect(everything).toContain('Authorization: ***');
    expect(everything).not.toContain(canary);
  });
});
