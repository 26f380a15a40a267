/** One thing at a time: per target, per location, and no wider than may be felt. */
import { moveClock } from '@nightshift/db';
import { decideApproval, findIncident, timeline } from '@nightshift/lifecycle';
import { insertIncident, insertOwed, testDatabase, type TestDatabase } from '@nightshift/testkit';
import type { PlannedAction } from '@nightshift/types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { countingProvider, intend, type Counting } from './testing/intend.ts';
import { deliver, ledger, makeWorld, openIncident, type ServiceInput, type World } from './testing/world.ts';

let test: TestDatabase;
let provider: Counting;
let world: World;
const second = 1_000;

const target = (id: string, more = {}) => ({
  id,
  kind: 'process' as const,
  urlEnv: 'URL',
  tokenEnv: 'TOKEN',
  process: id,
  actions: ['restart_service' as const, 'clear_cache' as const],
  ...more,
});
const leaves: ServiceInput[] = Array.from({ length: 7 }, (_, i) => ({ name: `leaf-${i}`, dependsOn: ['root'] }));
const services: ServiceInput[] = [
  {
    name: 'shop',
    targets: [target('api'), target('hasty', { cooldownSeconds: 0 }), target('slow', { cooldownSeconds: 120 })],
  },
  { name: 'europe', targets: [target('eu', { location: 'eu-west' }), target('eu-2', { location: 'eu-west' })] },
  { name: 'america', targets: [target('us', { location: 'us-east' })] },
  { name: 'root', targets: [target('root')] },
  ...leaves,
];

beforeAll(async () => (test = await testDatabase({ max: 32 })));
afterAll(() => test.close());
beforeEach(async () => {
  await moveClock(test.db, 2 * 3_600_000);
  provider = countingProvider();
  world = makeWorld({ db: test.db, services, runbooks: [], providers: { process: provider } });
});

async function planned(...actions: (Partial<PlannedAction> & { service?: string })[]): Promise<string> {
  const id = await openIncident({ insertIncident, insertOwed }, test.db);
  await intend(test.db, id, actions);
  return id;
}
const why = async (id: string) => (await ledger(test.db, id)).map(({ state, detail }) => [state, detail]);

it('twenty executors with twenty incidents do one thing at a time to a target, whatever it is', async () => {
  let [busy, most] = [0, 0];
  provider.send = async (request) => {
    provider.sent.push(request);
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setTimeout(resolve, 20));
    busy--;
    return { outcome: 'succeeded', detail: 'done' };
  };
  const types = ['restart_service', 'clear_cache'] as const;
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, i) => planned({ target: 'hasty', type: types[i % 2]! })),
  );
  await Promise.all(
    ids.map(async (_, nth) => {
      for (const mine = [...ids.slice(nth), ...ids.slice(0, nth)]; mine.length > 0;) {
        const id = mine.shift()!;
        if (typeof (await deliver(world, id)) === 'object') mine.push(id);
      }
    }),
  );
  expect(most).toBe(1);
  expect(provider.sent).toHaveLength(4); // actionsPerTarget
  expect(new Set(provider.sent.map(({ key }) => key)).size).toBe(4);
});

describe('the cool-down of a target', () => {
  it('holds back what another incident wants, says so once with the exact time, and lets it go then', async () => {
    await deliver(world, await planned({}));
    const id = await planned({});
    expect(await deliver(world, id)).toEqual({ againMs: expect.closeTo(30 * second, -3) });
    await deliver(world, id);
    const notes = (await timeline(test.db, id)).filter(({ event }) => event.kind === 'note');
    expect(notes.map(({ event }) => event)).toMatchObject([
      {
        text: expect.stringMatching(
          /^step 1 \(step 1\) waits for the cool-down of api \(30 s\) after act-\w+ \(inc-\w+\), until .*Z$/,
        ),
      },
    ]);
    await moveClock(test.db, 31 * second);
    expect(await deliver(world, id)).toBe('done');
    expect(await why(id)).toEqual([['succeeded', 'done']]);
  });

  it('is what the catalogue says, and none within one incident, whose verification is the pause', async () => {
    await deliver(world, await planned({ target: 'slow' }));
    expect(await deliver(world, await planned({ target: 'slow' }))).toEqual({
      againMs: expect.closeTo(120 * second, -3),
    });
    expect(await deliver(world, await planned({ target: 'api' }, { target: 'api' }))).toBe('done');
    expect(provider.sent).toHaveLength(3);
  });
});

describe('locations', () => {
  it('are acted in one at a time: the other is denied with who is at it and until when', async () => {
    await deliver(world, await planned({ target: 'eu', service: 'europe' }));
    await deliver(world, await planned({ target: 'eu-2', service: 'europe' }));
    const id = await planned({ target: 'us', service: 'america' });
    await deliver(world, id);
    expect(await why(id)).toEqual([
      [
        'denied',
        expect.stringMatching(
          /^limit locationsAtOnce: 1 in 10 min, used by act-\w+ \(inc-\w+\), act-\w+ \(inc-\w+\), free at .*Z$/,
        ),
      ],
    ]);
    expect(await findIncident(test.db, id)).toMatchObject({ state: 'escalated' });
    await moveClock(test.db, 600 * second);
    const later = await planned({ target: 'us', service: 'america' });
    await deliver(world, later);
    expect(await why(later)).toEqual([['succeeded', 'done']]);
  });
});

describe('the blast radius', () => {
  it('beyond what may be felt is denied without a person, and asked for where a runbook would act alone', async () => {
    const id = await planned({ target: 'root', service: 'root' });
    await deliver(world, id);
    expect(await why(id)).toEqual([
      [
        'denied',
        expect.stringMatching(
          /^limit blastRadius: 8 of 11 services would feel it in 10 min, by this alone; more than 5 need/,
        ),
      ],
    ]);
    world.setRunbooks([
      {
        id: 'r',
        mode: 'auto',
        match: { type: 'service_down' },
        steps: [{ action: 'restart_service', target: 'root' }],
      },
    ]);
    const asked = await openIncident({ insertIncident, insertOwed }, test.db, { service: 'root' });
    await deliver(world, asked);
    expect(await findIncident(test.db, asked)).toMatchObject({ state: 'awaiting_approval' });
    const [approval] = await test.db.query<{ id: string; hash: string }>(
      'SELECT id, plan_hash AS hash FROM approval WHERE incident_id = $1',
      [asked],
    );
    await decideApproval(test.db, {
      approvalId: approval!.id,
      planHash: approval!.hash,
      by: 'ada',
      verdict: 'approve',
    });
    await deliver(world, asked);
    expect(await why(asked)).toEqual([['succeeded', 'done']]);
  });
});

it('who owns a target is asked of the catalogue: an edited service escapes no limit', async () => {
  const id = await planned({ target: 'api', service: 'elsewhere' });
  await deliver(world, id);
  expect(await why(id)).toEqual([['denied', 'api is of shop now, the plan was made for elsewhere']]);
});
