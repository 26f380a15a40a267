import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { Service } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, incident, silentServer } from '../../stand-ins.ts';
import { dependencyHealth } from './dependency-health.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

const look = (dependencies: [object, number][], env: Record<string, string> = {}) =>
  dependencyHealth.run(
    context({
      subject: {
        kind: 'service',
        id: 'web',
        inCatalogue: true,
        dependencies: dependencies.map(([service, distance]) => ({ service: Service.parse(service), distance })),
      },
      db: test.db,
      env,
      incident: { ...incident, onsetAt: Date.now() },
    }),
  );

describe('dependency_health', () => {
  it('knows an incident of a dependency, and whether it began earlier', async () => {
    await insertIncident(test.db, { service: 'ledger', onsetAt: Date.now() - 600_000, title: 'ledger: slow' });
    await insertIncident(test.db, { service: 'mail', state: 'closed' });
    const finding = await look([
      [{ name: 'mail' }, 1],
      [{ name: 'ledger' }, 2],
    ]);
    expect(finding).toMatchObject({
      status: 'degraded',
      facts: { dependencies: 2, unhealthy: 1, unknown: 1, firstUnhealthy: 'ledger', earlierThanUs: true },
    });
    expect(finding.output).toContain('ledger (incident: ledger: slow, which began earlier)');
  });

  it('asks the addresses that the catalogue gives them', async () => {
    const server = await silentServer();
    const tcp = (name: string) => ({
      name,
      targets: [{ id: `${name}-port`, kind: 'tcp', urlEnv: name.toUpperCase() }],
    });
    const env = { CACHE: `tcp://127.0.0.1:${server.port}`, SEARCH: 'tcp://127.0.0.1:1' };
    expect(await look([[tcp('cache'), 1]], env)).toMatchObject({ status: 'ok', facts: { unknown: 0, unhealthy: 0 } });
    const finding = await look(
      [
        [tcp('cache'), 1],
        [tcp('search'), 1],
      ],
      env,
    );
    expect(finding).toMatchObject({ status: 'degraded', facts: { unhealthy: 1, firstUnhealthy: 'search' } });
    // An address that is not set is not known, and no trouble.
    expect(await look([[tcp('cache'), 1]])).toMatchObject({ status: 'ok', facts: { unknown: 1 } });
    await server.close();
  });

  it('is ok without any', async () => {
    expect(await look([])).toMatchObject({ status: 'ok', facts: { dependencies: 0 } });
  });
});
