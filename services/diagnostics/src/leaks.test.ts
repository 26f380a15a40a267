/** A thousand diagnoses that hang leave as many descriptors and connections as none; and no secret comes out anywhere. */
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { runStage, timeline } from '@nightshift/lifecycle';
import { openMachines } from '@nightshift/ssh';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Catalogue, type DiagnosticResult } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Subject } from './check.ts';
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

describe('a thousand runs against what never answers', () => {
  const descriptors = async () => (await readdir('/proc/self/fd')).length;

  it('defect 19: leave nothing open, also those that end in an error or at the deadline (also defects 18, 20 and 42)', async ({
    skip,
  }) => {
    if (process.platform !== 'linux') skip('descriptors are counted in /proc');
    const [silent, hole] = [await silentServer(), await blackHoledPort()];
    const at = `127.0.0.1:${silent.port}`;
    const env = {
      HTTP: `http://${at}`,
      TCP: `tcp://127.0.0.1:${hole.port}`,
      TLS: `tls://${at}`,
      REDIS: `redis://${at}`,
      POSTGRES: `postgres://a:b@${at}/x`,
      ENGINE: `http://${at}`,
    };
    const { services } = catalogue([
      { id: 'http', kind: 'http', urlEnv: 'HTTP', allowPrivate: true },
      { id: 'tcp', kind: 'tcp', urlEnv: 'TCP' },
      { id: 'tls', kind: 'tls', urlEnv: 'TLS' },
      { id: 'redis', kind: 'redis', urlEnv: 'REDIS' },
      { id: 'db', kind: 'postgres', urlEnv: 'POSTGRES' },
      { id: 'queue', kind: 'bullmq', urlEnv: 'REDIS', queue: 'mail' },
      { id: 'prom', kind: 'prometheus', urlEnv: 'HTTP', query: 'up' },
      { id: 'box', kind: 'docker', urlEnv: 'ENGINE', container: 'api' },
      { id: 'dns', kind: 'dns', name: 'shop.invalid', server: '127.0.0.1:9' },
      { id: 'sleep', kind: 'log', command: ['/usr/bin/sleep', '60'] },
    ]);
    const subjects: Subject[] = services[0]!.targets;
    const databases = openDatabases(() => {});
    const commands = new Set(['/usr/bin/sleep']);
    const surroundings = context({ subject: subjects[0]!, databases, env, commands });
    const round = () => runChecks({ checks, subjects, surroundings, deadlineMs: 150, signal: never });
    await round(); // what is opened once stays open: pools, resolvers
    const before = await descriptors();
    let runs = 0;
    const found: DiagnosticResult[] = [];
    while (runs < 1_000) {
      // Not one after another, or it would take minutes; not all at once, or the machine would be what is tested.
      const rounds = await Promise.all(Array.from({ length: 8 }, round));
      found.push(...rounds.flat());
      runs = found.length;
    }
    expect(runs).toBeGreaterThanOrEqual(1_000);
    expect(found.filter(({ status }) => status === 'ok')).toEqual([]);
    await databases.close();
    await expect.poll(() => silent.open(), { timeout: 20_000 }).toBe(0);
    await expect.poll(descriptors, { timeout: 20_000 }).toBeLessThanOrEqual(before);
    await Promise.all([silent.close(), hole.close()]);
  }, 120_000);
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
