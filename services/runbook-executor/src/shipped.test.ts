/** What the shipped runbooks come to where the catalogue has the targets they want, and where it has not. */
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findIncident, timeline } from '@nightshift/lifecycle';
import { explain, lintFolder, Recorded, type Candidate } from '@nightshift/runbooks';
import { loadClassification, valueOf } from '@nightshift/runtime';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Catalogue, classify, reclassify } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControlApi, type ControlApi } from './testing/control-api.ts';
import { deliver, makeWorld, openIncident, type World } from './testing/world.ts';

const rules = valueOf(await loadClassification('/nowhere'));
const folder = fileURLToPath(new URL('../../../infra/runbooks/', import.meta.url));
let test: TestDatabase;
let api: ControlApi;
let shipped: Candidate[];
let recorded: Map<string, Recorded>;
beforeAll(async () => {
  test = await testDatabase();
  api = await startControlApi();
  shipped = (await lintFolder(folder, null)).runbooks;
  const files = (await readdir(`${folder}recorded`)).filter((name) => name.endsWith('.json'));
  recorded = new Map(
    await Promise.all(
      files.map(async (name): Promise<[string, Recorded]> => [
        name.slice(0, -5),
        Recorded.parse(JSON.parse(await readFile(`${folder}recorded/${name}`, 'utf8'))),
      ]),
    ),
  );
});
afterAll(async () => {
  await api.close();
  await test.close();
});

const http = (id: string, action: 'restart_service' | 'drain_queue') => ({
  id,
  kind: 'http' as const,
  urlEnv: 'HOOK',
  allowPrivate: true,
  actions: [action],
});
const process = (service: string) => ({
  id: `${service}-process`,
  kind: 'process' as const,
  urlEnv: 'URL',
  tokenEnv: 'TOKEN',
  process: service,
  actions: ['restart_service' as const, 'scale_up' as const, 'rollback_deploy' as const],
});

/** The recorded incident again, on a service of its own, with the targets that the shipped runbooks want or without any. */
async function again(name: string, withTargets: boolean) {
  const { incident, signals, diagnostics } = recorded.get(name)!;
  const { type } =
    reclassify(rules, { type: classify(rules, signals).type, signals, diagnostics }) ?? classify(rules, signals);
  const service = `${name}-${withTargets ? 'with' : 'without'}`;
  const tools = [http('certificate-renewer', 'restart_service'), http('bulk-writes', 'drain_queue')];
  const world: World = makeWorld({
    db: test.db,
    services: [],
    runbooks: [],
    env: { URL: api.url, TOKEN: api.token, HOOK: `${api.url}/hook` },
  });
  const catalogue = Catalogue.parse({
    schema: 1,
    services: withTargets
      ? [
          { name: service, targets: [process(service)], dependsOn: ['tools'] },
          { name: 'tools', targets: tools },
        ]
      : [{ name: service }],
  });
  const id = await openIncident({ insertIncident, insertOwed }, test.db, { ...incident, type, service });
  for (const { check, target, status, facts } of diagnostics)
    await test.db.query(
      `INSERT INTO diagnostic (incident_id, generation, check_name, target, status, facts, output, taken_at, duration_ms)
       VALUES ($1, 1, $2, $3, $4, $5, '', nightshift_now(), 1)`,
      [id, check, target, status, JSON.stringify(facts)],
    );
  await test.db.query(
    `INSERT INTO deployment (id, service, version, previous_version, deployed_at) VALUES ($1, $2, 'v1', 'v0', ms($3))`,
    [`dep-${service}`, service, (await findIncident(test.db, id))!.onsetAt - 60_000],
  );
  await deliver({ ...world, catalogue: () => catalogue, runbooks: () => shipped }, id);
  const [decision] = (await explain(test.db, id)).decisions;
  const { state } = (await findIncident(test.db, id))!;
  return { state, decision: decision!, events: (await timeline(test.db, id)).map(({ event }) => event.kind) };
}

describe.each([
  ['queue-backlog', 'scale-up-backlogged-workers', 'asked', ['scale queue-backlog-with from 1 to 2 instances']],
  ['certificate-expired', 'renew-expiring-certificate', 'observed', ['ask certificate-renewer to restart_service']],
  ['stuck-deployment', 'roll-back-stuck-deployment', 'observed', ['roll back stuck-deployment-with from v1 to v0']],
  [
    'memory-leak',
    'restart-leaking-service',
    'asked',
    ['restart memory-leak-with (v1, running)', 'scale memory-leak-with from 1 to 2 instances'],
  ],
  ['replica-lag', 'relieve-lagging-replica', 'asked', ['ask bulk-writes to drain_queue']],
])('%s', (name, runbook, verdict, steps) => {
  it(`is a matter for ${runbook}, which ${verdict === 'asked' ? 'asks a person' : 'only says what it would do'}`, async () => {
    const { state, decision } = await again(name, true);
    expect(decision).toMatchObject({ verdict, runbook });
    expect(decision.plan!.actions.map(({ summary }) => summary)).toEqual(steps);
    expect(state).toBe(verdict === 'asked' ? 'awaiting_approval' : 'escalated');
    expect(api.asked).toEqual([]);
  });

  it('pages a person with the reason where nothing can do it', async () => {
    const { state, decision, events } = await again(name, false);
    expect([state, decision.verdict, events]).toEqual(['escalated', 'none', ['no_runbook']]);
    expect(decision.considered.find((each) => each.runbook === runbook)!.reason).toMatch(/no target of|has a target/);
  });
});
