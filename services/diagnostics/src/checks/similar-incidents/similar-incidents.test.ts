import { now } from '@nightshift/db';
import { insertIncident, testDatabase, type TestDatabase } from '@nightshift/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, incident } from '../../stand-ins.ts';
import { similarIncidents } from './similar-incidents.ts';

const [minute, day] = [60_000, 86_400_000];
let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.close());

const look = async (service: string) =>
  similarIncidents.run(
    context({
      subject: { kind: 'service', id: service, inCatalogue: true, dependencies: [] },
      db: test.db,
      at: await now(test.db),
      incident: { ...incident, service },
    }),
  );

describe('similar_incidents', () => {
  it('tells what ended those of the same service and type, and which runbook worked', async () => {
    const at = await now(test.db);
    const past = (days: number, given: object) =>
      insertIncident(test.db, {
        service: 'shop-api',
        state: 'closed',
        onsetAt: at - days * day,
        openedAt: at - days * day,
        resolvedAt: at - days * day + 10 * minute,
        ...given,
      });
    await past(2, { resolution: 'automated', runbook: 'roll-back' });
    await past(3, { resolution: 'automated', runbook: 'roll-back' });
    await past(4, { resolution: 'person', runbook: 'roll-back' });
    await past(5, { resolution: 'person', runbook: 'restart' });
    await past(6, { resolution: 'self' });
    await past(7, { resolution: 'false_positive' });
    await past(100, { resolution: 'automated', runbook: 'restart' });
    await past(1, { resolution: 'automated', runbook: 'restart', type: 'service_down' });
    await past(1, { resolution: 'automated', runbook: 'restart', service: 'other' });
    const finding = await look('shop-api');
    expect(finding).toMatchObject({
      status: 'ok',
      facts: {
        count: 5,
        automated: 2,
        byPerson: 2,
        self: 1,
        medianMinutesToResolve: 10,
        daysSinceLast: 2,
        bestRunbook: 'roll-back',
        bestRunbookWorked: 2,
        bestRunbookTried: 3,
      },
    });
    expect(finding.output).toContain('roll-back ended 2 of the 3 it was tried in');
  });

  it('is ok without any', async () => {
    expect(await look('new')).toMatchObject({
      status: 'ok',
      facts: { count: 0, bestRunbook: null, daysSinceLast: null },
    });
  });
});
